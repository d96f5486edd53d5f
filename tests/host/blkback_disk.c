/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source in memory for the front end of blkback_front.h: steps wait until the test ends them, in
 * the order they came or in another, done on front->disk, or failing.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/host/blkback_front.h"

/* Steps at the source: 0 data read, 1 data write, 2 durable write, 3 flush, 4 discard. */
static struct {
	struct request *r;
	int what;
} steps[JOURNAL_QUEUES * JOURNAL_SLOTS];
static unsigned int nsteps;

void front_disk_reset(void)
{
	nsteps = 0;
}

int source_start(void)
{
	return 0;
}

int source_attach(struct disk *d)
{
	return 0;
}

void source_detach(struct disk *d)
{
}

void source_submit(void)
{
}

/* Steps end when the test says so. */
bool source_reap(void)
{
	return false;
}

static void add_step(struct request *r, int what)
{
	steps[nsteps].r = r;
	steps[nsteps++].what = what;
}

void source_data(struct request *r, bool write, bool durable)
{
	add_step(r, durable ? 2 : write);
}

void source_flush(struct request *r)
{
	add_step(r, 3);
}

void source_discard(struct request *r)
{
	add_step(r, 4);
}

static int64_t do_step(struct request *r, int what)
{
	uint8_t *at;
	int64_t result = fp.fail_next;

	fp.fail_next = 0;
	if (result)
		return result;
	/* Whoever lets a request outside the disk through is found here. */
	if (what != 3 && (r->sector > FRONT_SECTORS || r->sectors > FRONT_SECTORS - r->sector))
		abort();
	crash_point();
	at = front->disk + (what == 3 ? 0 : r->sector * SECTOR);
	switch (what) {
	case 0: front_copy(r->buffer->data, at, r->bytes); return r->bytes;
	case 2: front->durable++; /* fall through */
	case 1: front_copy(at, r->buffer->data, r->bytes); return r->bytes;
	case 3: front->flushes++; return 0;
	default: memset(at, 0, r->sectors * SECTOR); return 0;
	}
}

unsigned int front_complete(void)
{
	unsigned int n = nsteps, i, k;

	for (i = 0; i < n; i++) {
		k = fp.shuffle ? i + front_random(n - i) : i;
		struct request *r = steps[k].r;
		int what = steps[k].what;

		steps[k] = steps[i];
		request_step_done(r, do_step(r, what));
	}
	nsteps -= n;
	memmove(steps, steps + n, nsteps * sizeof(steps[0]));
	request_flush();
	return n;
}
