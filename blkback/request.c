/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: checked, given a buffer, taken through their steps, answered. Work is done in batches:
 * one hypercall copies the data of all writes that were taken together, one that of all reads that
 * ended together. What is wrong with a request is answered with an error; it harms nothing else.
 * Meaning of the operations: <xen/io/blkif.h>.
 */
#include <errno.h>
#include <string.h>

#include "blkback/disk.h"

#define COPIES	   2048 /* of one hypercall's batch */
#define RSP_FAILED (-3) /* none of blkif.h's: see flush_failed() */

static struct request *ended, **ended_end = &ended;

/* Copies that are due, and whose they are. */
static xengnttab_grant_copy_segment_t copies[COPIES];
static struct request *owner[COPIES];
static unsigned int ncopies;

static void put_buffer(struct request *r)
{
	if (!r->buffer)
		return;
	buffer_put(r->buffer);
	r->buffer = NULL;
}

static void fail(struct request *r, int16_t status)
{
	r->status = status;
	r->step = STEP_DONE;
}

static void run_copies(void)
{
	struct backend_device *dev;
	unsigned int i;
	int rc;

	if (!ncopies)
		return;
	rc = xengnttab_grant_copy(backend_gnttab(), ncopies, copies);
	for (i = 0; i < ncopies; i++) {
		if (!rc && copies[i].status == GNTST_okay)
			continue;
		if (owner[i]->status == BLKIF_RSP_OKAY) {
			dev = owner[i]->q->disk->dev;
			backend_log(dev, LOG_WARN, "a request's page cannot be reached: %d",
				rc ? -errno : copies[i].status);
		}
		fail(owner[i], BLKIF_RSP_ERROR);
	}
	ncopies = 0;
}

/* By the hypervisor, in one call with others. */
static void add_grant_copy(struct request *r, uint32_t ref, unsigned int offset, void *ours,
	unsigned int len, bool to_guest)
{
	xengnttab_grant_copy_segment_t *c = &copies[ncopies];
	union xengnttab_copy_ptr theirs = {
		.foreign = { .ref = ref, .offset = offset, .domid = r->q->disk->dev->domid }
	};

	memset(c, 0, sizeof(*c));
	c->len = len;
	if (to_guest) {
		c->flags =
			GNTCOPY_dest_gref | buffer_end(&c->source, ours, len, GNTCOPY_source_gref);
		c->dest = theirs;
	} else {
		c->source = theirs;
		c->flags = GNTCOPY_source_gref | buffer_end(&c->dest, ours, len, GNTCOPY_dest_gref);
	}
	owner[ncopies++] = r;
	if (ncopies == COPIES)
		run_copies();
}

/* One copy between a guest's page and our memory: done at once where the page stays mapped. */
static void add_copy(struct request *r, uint32_t ref, unsigned int offset, void *ours,
	unsigned int len, bool to_guest)
{
	struct persistent *p = r->q->disk->persistent;
	uint8_t *page = p ? persistent_page(p, ref, r->started_ns) : NULL;

	if (!page)
		add_grant_copy(r, ref, offset, ours, len, to_guest);
	else if (to_guest)
		persistent_copy(page + offset, ours, len);
	else
		persistent_copy(ours, page + offset, len);
}

/* The request's pages, which are to stay mapped. */
static void map_pages(struct request *r)
{
	uint32_t refs[SEGMENTS_MAX];
	unsigned int i;

	for (i = 0; i < r->segments; i++)
		refs[i] = r->buffer->segment[i].gref;
	persistent_want(r->q->disk->persistent, refs, r->segments, r->started_ns);
}

static void add_data_copies(struct request *r, bool to_guest)
{
	uint8_t *ours = r->buffer->data;
	unsigned int i, len;

	for (i = 0; i < r->segments && r->status == BLKIF_RSP_OKAY; i++) {
		const struct blkif_request_segment *s = &r->buffer->segment[i];

		len = (s->last_sect - s->first_sect + 1) * SECTOR;
		add_copy(r, s->gref, s->first_sect * SECTOR, ours, len, to_guest);
		ours += len;
	}
}

/* Of an indirect request; SEGMENTS_MAX of them fit in the first page. */
static void copy_segments(struct request *r)
{
	uint32_t ref = r->slot->indirect.indirect_grefs[0];

	if (r->q->disk->persistent)
		persistent_want(r->q->disk->persistent, &ref, 1, r->started_ns);
	add_copy(r, ref, 0, r->buffer->segment, r->segments * sizeof(r->buffer->segment[0]), false);
}

/* First look at a copied request: what it is, how many segments. */
static void parse(struct request *r)
{
	const struct slot *s = r->slot;
	unsigned int most = BLKIF_MAX_SEGMENTS_PER_REQUEST;

	r->op = s->request.operation;
	r->segments = s->request.nr_segments;
	r->sector = s->request.sector_number;
	r->sectors = r->bytes = 0;
	switch (r->op) {
	case BLKIF_OP_INDIRECT:
		r->op = s->indirect.indirect_op;
		r->segments = s->indirect.nr_segments;
		r->sector = s->indirect.sector_number;
		most = SEGMENTS_MAX;
		if (r->op != BLKIF_OP_READ && r->op != BLKIF_OP_WRITE)
			fail(r, BLKIF_RSP_ERROR);
		break;
	case BLKIF_OP_DISCARD:
		r->segments = 0;
		r->sectors = s->discard.nr_sectors;
		if (s->discard.flag & BLKIF_DISCARD_SECURE || !r->q->disk->discard)
			fail(r, BLKIF_RSP_EOPNOTSUPP);
		return;
	case BLKIF_OP_READ:
	case BLKIF_OP_WRITE:
	case BLKIF_OP_WRITE_BARRIER:
	case BLKIF_OP_FLUSH_DISKCACHE: break;
	default: fail(r, BLKIF_RSP_EOPNOTSUPP); return;
	}
	if (r->segments > most ||
		(!r->segments && (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE)))
		fail(r, BLKIF_RSP_ERROR);
	if (r->step == STEP_DONE || !r->segments)
		return;
	r->buffer = buffer_get(r->segments, !r->q->disk->persistent);
	if (!r->buffer)
		fail(r, BLKIF_RSP_ERROR);
	else if (s->request.operation == BLKIF_OP_INDIRECT)
		copy_segments(r);
	else
		memcpy(r->buffer->segment, s->request.seg,
			r->segments * sizeof(r->buffer->segment[0]));
}

_Static_assert(SEGMENTS_MAX * sizeof(struct blkif_request_segment) <= PAGE, "one indirect page");

/* Second look, with all segments there: is it in the disk, and may it be? */
static void check(struct request *r)
{
	const struct disk *d = r->q->disk;
	unsigned int i, unit = d->sector_size / SECTOR;

	for (i = 0; i < r->segments; i++) {
		const struct blkif_request_segment *s = &r->buffer->segment[i];

		if (s->first_sect > s->last_sect || s->last_sect >= PAGE / SECTOR) {
			fail(r, BLKIF_RSP_ERROR);
			return;
		}
		r->sectors += s->last_sect - s->first_sect + 1;
	}
	if (r->op != BLKIF_OP_DISCARD)
		r->bytes = r->sectors * SECTOR;
	if (r->op != BLKIF_OP_READ && d->readonly)
		fail(r, BLKIF_RSP_ERROR);
	/* The sector of an empty flush or barrier means nothing. */
	if (!r->sectors && r->op != BLKIF_OP_DISCARD)
		return;
	if (r->sectors > d->sectors || r->sector > d->sectors - r->sectors || r->sector % unit ||
		r->sectors % unit)
		fail(r, BLKIF_RSP_ERROR);
}

/* Start the step that r->step names, or skip it, or end. */
static void go(struct request *r)
{
	bool write = r->op != BLKIF_OP_READ;

	if (r->step == STEP_FLUSH || r->step == STEP_SYNC) {
		source_flush(r);
	} else if (r->step == STEP_DATA && r->op == BLKIF_OP_DISCARD) {
		source_discard(r);
	} else if (r->step == STEP_DATA && r->bytes) {
		source_data(r, write, r->op == BLKIF_OP_WRITE_BARRIER);
	} else if (r->step != STEP_DRAIN) {
		r->step = STEP_DONE;
		r->next = NULL;
		*ended_end = r;
		ended_end = &r->next;
	}
}

void request_barrier(struct disk *d)
{
	struct request *r = d->barrier;

	if (!r || d->held || r->step != STEP_DRAIN || d->in_flight > 1)
		return;
	r->step = STEP_FLUSH;
	go(r);
}

static void first_step(struct request *r)
{
	if (r->step != STEP_DONE)
		switch (r->op) {
		case BLKIF_OP_WRITE_BARRIER: r->step = STEP_DRAIN; break;
		case BLKIF_OP_FLUSH_DISKCACHE: r->step = STEP_FLUSH; break;
		default: r->step = STEP_DATA;
		}
	go(r);
	if (r->step == STEP_DRAIN)
		request_barrier(r->q->disk);
}

void request_start(struct request *list)
{
	struct request *r, *next;
	uint64_t now = list ? disk_now_ns() : 0;

	for (r = list; r; r = r->next) {
		r->started_ns = now;
		parse(r);
	}
	run_copies();
	for (r = list; r; r = r->next) {
		if (r->step == STEP_DONE)
			continue;
		check(r);
		if (r->step == STEP_DONE)
			continue;
		throttle_charge(r->q->disk, r->bytes);
		if (r->segments && r->q->disk->persistent)
			map_pages(r);
		if (r->bytes && r->op != BLKIF_OP_READ)
			add_data_copies(r, false);
	}
	run_copies();
	for (r = list; r; r = next) {
		next = r->next;
		first_step(r);
	}
}

/* The front end's that this request is of, for as long as it is connected. */
static struct journal *journal_of(const struct request *r)
{
	return r->q->disk->dev->memory;
}

static enum step next_step(const struct request *r)
{
	if (r->step == STEP_FLUSH && r->bytes)
		return STEP_DATA;
	if (r->step == STEP_DATA && r->op == BLKIF_OP_WRITE && journal_of(r)->no_flushes)
		return STEP_SYNC;
	return STEP_DONE;
}

void request_step_done(struct request *r, int64_t result)
{
	struct disk *d = r->q->disk;

	if (result < 0 || (r->step == STEP_DATA && r->bytes && result != (int64_t)r->bytes)) {
		fail(r, r->op == BLKIF_OP_DISCARD && result == -EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP
									   : BLKIF_RSP_ERROR);
		backend_log(d->dev, LOG_WARN, "operation %u at sector %llu failed: %s", r->op,
			(unsigned long long)r->sector,
			result < 0 ? strerror(-result) : "not all of it was done");
	} else {
		r->step = next_step(r);
	}
	go(r);
}

static void account(struct disk *d, const struct request *r, uint64_t now)
{
	uint64_t us = (now - r->started_ns) / 1000;
	unsigned int class = us ? 64 - __builtin_clzll(us) : 0;

	d->stats.latency[class < HISTOGRAM ? class : HISTOGRAM - 1]++;
	d->stats.errors += r->status != BLKIF_RSP_OKAY;
	if (r->op < BLKIF_OP_INDIRECT)
		d->stats.requests[r->op]++;
	if (r->status == BLKIF_RSP_OKAY)
		*(r->op == BLKIF_OP_READ ? &d->stats.bytes_read : &d->stats.bytes_written) +=
			r->bytes;
}

/*
 * Linux's front end takes BLKIF_RSP_ERROR for a flush or barrier without data as "not supported",
 * and lets it succeed; any other status is an error to it. After either, as after any flush that
 * failed, it sends no more of them: each write has to be on the disk then when it is answered.
 */
static void flush_failed(struct request *r)
{
	if (!r->segments)
		r->status = RSP_FAILED;
	if (!journal_of(r)->no_flushes)
		backend_log(r->q->disk->dev, LOG_WARN,
			"a flush failed: from now on each write is flushed by itself");
	journal_of(r)->no_flushes = 1;
}

static void answer_ended(void)
{
	struct request *list = ended, *r, *next;
	struct disk *d;
	uint64_t now;

	ended = NULL;
	ended_end = &ended;
	for (r = list; r; r = r->next)
		if (r->op == BLKIF_OP_READ && r->status == BLKIF_RSP_OKAY)
			add_data_copies(r, true);
	run_copies();
	now = disk_now_ns();
	for (r = list; r; r = next) {
		next = r->next;
		d = r->q->disk;
		account(d, r, now);
		put_buffer(r);
		if (r->status == BLKIF_RSP_ERROR &&
			(r->op == BLKIF_OP_FLUSH_DISKCACHE || r->op == BLKIF_OP_WRITE_BARRIER))
			flush_failed(r);
		if (d->barrier == r)
			d->barrier = NULL;
		queue_answer(r->q, r);
		disk_request_over(d);
	}
}

void request_flush(void)
{
	/* What the page cache holds ends as it is started; an answer may let a barrier start. */
	do {
		if (ended)
			answer_ended();
		source_submit();
	} while (source_reap() || ended);
	disk_publish_all();
}
