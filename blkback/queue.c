/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ring of a disk: taking requests into the journal, answering, and taking up what a killed
 * predecessor left. Words of the ring are read once, as whole words, into our own memory. A
 * producer index that is further than the ring is long ends the device.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blkback/disk.h"

#define load(p)	    __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define fence()	    __atomic_thread_fence(__ATOMIC_SEQ_CST)

static union blkif_sring_entry *entry(struct queue *q, uint32_t index)
{
	return &q->ring->ring[index & (q->entries - 1)];
}

static struct request *get_free(struct queue *q)
{
	struct request *r = q->free;

	q->free = r->next;
	r->next = NULL;
	r->step = STEP_NEW;
	r->buffer = NULL;
	r->status = BLKIF_RSP_OKAY;
	q->in_flight++;
	q->disk->in_flight++;
	if (q->in_flight > q->most_in_flight)
		q->most_in_flight = q->in_flight;
	return r;
}

static void put_free(struct queue *q, struct request *r)
{
	r->next = q->free;
	q->free = r;
	q->in_flight--;
	q->disk->in_flight--;
}

/* The ring's next request into a slot; there is one, and a slot for it. */
static struct request *take(struct queue *q)
{
	struct request *r = get_free(q);
	struct slot *s = r->slot;
	const uint64_t *from = (const uint64_t *)entry(q, q->j->req_cons);
	size_t i;

	for (i = 0; i < sizeof(s->words) / sizeof(s->words[0]); i++)
		s->words[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	s->index = q->j->req_cons;
	journal_order();
	s->state = SLOT_TAKEN;
	journal_order();
	q->j->req_cons++;
	return r;
}

void queue_answer(struct queue *q, struct request *r)
{
	struct slot *s = r->slot;
	union blkif_sring_entry *e = entry(q, q->j->rsp_prod);
	union {
		blkif_response_t response;
		uint64_t words[sizeof(blkif_response_t) / 8];
	} a = { .words = { 0 } };
	size_t i;

	s->status = r->status;
	s->answer = q->j->rsp_prod;
	journal_order();
	s->state = SLOT_ANSWERED;
	journal_order();
	a.response.id = s->request.id;
	a.response.operation = s->request.operation == BLKIF_OP_INDIRECT ? s->indirect.indirect_op
									 : s->request.operation;
	a.response.status = r->status;
	for (i = 0; i < sizeof(a.words) / sizeof(a.words[0]); i++)
		__atomic_store_n((uint64_t *)e + i, a.words[i], __ATOMIC_RELAXED);
	journal_order();
	q->j->rsp_prod++;
	journal_order();
	s->state = SLOT_FREE;
	put_free(q, r);
	q->published = false;
}

void queue_publish(struct queue *q)
{
	uint32_t before = q->told, after = q->j->rsp_prod;

	if (q->published)
		return;
	q->published = true;
	q->told = after;
	q->disk->stats.batches++;
	store(&q->ring->rsp_prod, after);
	fence();
	/* The front end wants to hear of it when its event index lies in what is new. */
	if (after - load(&q->ring->rsp_event) >= after - before)
		return;
	q->disk->stats.notifications++;
	backend_notify(q->channel);
}

/* Requests that may be taken now; -1 when the ring says what cannot be. */
static int available(struct queue *q)
{
	uint32_t prod = load(&q->ring->req_prod), n = prod - q->j->req_cons;

	if (n > q->entries - (q->j->req_cons - q->j->rsp_prod))
		return backend_fail(q->disk->dev,
			"ring %u: %u requests in a ring of %u, %u of them not answered",
			(unsigned int)(q - q->disk->queue), n, q->entries,
			q->j->req_cons - q->j->rsp_prod);
	return n;
}

/* Until another request is over; so many were taken that have no buffer yet. */
static bool has_to_wait(const struct disk *d, unsigned int taken)
{
	return d->barrier || d->in_flight >= IN_FLIGHT_MAX || taken >= buffers_left();
}

bool queue_work(void *arg)
{
	struct queue *q = arg;
	struct disk *d = q->disk;
	struct request *list = NULL, **end = &list;
	int n, taken = 0;
	bool more;

	q->waiting = false;
	for (;;) {
		n = available(q);
		while (n > 0 && taken < BATCH && !has_to_wait(d, taken) && throttle_take(d)) {
			*end = take(q);
			/* Nothing behind a barrier is taken before it is over. */
			if ((*end)->slot->request.operation == BLKIF_OP_WRITE_BARRIER)
				d->barrier = *end;
			end = &(*end)->next;
			taken++;
			n--;
		}
		if (n)
			break;
		/* Empty: ask for an event with the next one, then look once more. */
		store(&q->ring->req_event, q->j->req_cons + 1);
		fence();
		if (load(&q->ring->req_prod) == q->j->req_cons)
			break;
	}
	/* Behind a barrier, with too many or without tokens, whoever ends that state kicks. */
	q->waiting = n > 0 && has_to_wait(d, taken);
	/* Those that were taken may have had room in the pools. */
	more = taken == BATCH || (taken && taken >= (int)buffers_left());
	request_start(list);
	request_flush();
	return n > 0 && more;
}

/* What a predecessor had taken and not answered, in the order it was taken. */
static int by_index(const void *a, const void *b)
{
	const struct request *x = *(struct request *const *)a, *y = *(struct request *const *)b;
	int32_t d = x->slot->index - y->slot->index;

	return d < 0 ? -1 : d > 0;
}

static void take_up(struct queue *q)
{
	struct request *redo[JOURNAL_SLOTS], *list = NULL, *r, *answered = NULL;
	struct journal_queue *j = q->j;
	unsigned int i, n = 0, taken = 0;

	q->free = NULL;
	for (i = 0; i < q->entries; i++) {
		r = &q->requests[i];
		taken++;
		if (r->slot->state == SLOT_TAKEN && r->slot->index != j->req_cons) {
			redo[n++] = r;
		} else if (r->slot->state == SLOT_ANSWERED && r->slot->answer == j->rsp_prod) {
			answered = r;
		} else {
			r->slot->state = SLOT_FREE;
			r->next = q->free;
			q->free = r;
			taken--;
		}
	}
	q->in_flight += taken;
	q->disk->in_flight += taken;
	if (answered) {
		answered->status = answered->slot->status;
		queue_answer(q, answered);
	}
	qsort(redo, n, sizeof(redo[0]), by_index);
	for (i = n; i--;) {
		redo[i]->step = STEP_NEW;
		redo[i]->buffer = NULL;
		redo[i]->status = BLKIF_RSP_OKAY;
		redo[i]->next = list;
		list = redo[i];
		if (redo[i]->slot->request.operation == BLKIF_OP_WRITE_BARRIER)
			q->disk->barrier = redo[i];
	}
	backend_log(q->disk->dev, LOG_INFO, "ring %u: %u requests are done again",
		(unsigned int)(q - q->disk->queue), n);
	request_start(list);
}

/* Does the journal belong to this connection, and can it be true? */
static bool journal_fits(const struct queue *q, const uint32_t *refs, uint32_t pages, uint32_t port)
{
	const struct journal_queue *j = q->j;

	return j->pages == pages && j->port == port &&
	       !memcmp(j->refs, refs, pages * sizeof(*refs)) &&
	       j->req_cons - j->rsp_prod <= q->entries;
}

/* The front end's nodes: below its own directory if it has one queue, else in one for each. */
static int read_nodes(struct queue *q, unsigned int index, unsigned int queues, uint32_t *refs,
	uint32_t *pages, uint32_t *port)
{
	struct backend_device *dev = q->disk->dev;
	char base[16] = "";
	uint32_t order = 0, i;

	if (queues > 1)
		snprintf(base, sizeof(base), "queue-%u/", index);
	*pages = 0;
	if (backend_front_optional(dev, &order, 0, JOURNAL_RING_ORDER, "ring-page-order"))
		return -1;
	*pages = 1U << order;
	for (i = 0; i < *pages; i++)
		if (backend_front_number(dev, &refs[i], 0, UINT32_MAX,
			    *pages == 1 ? "%sring-ref" : "%sring-ref%u", base, i))
			return -1;
	return backend_front_number(dev, port, 0, UINT32_MAX, "%sevent-channel", base);
}

/* The largest power of two that fits, as ring.h has it. */
static unsigned int ring_entries(uint32_t pages)
{
	size_t room = (pages * PAGE - offsetof(struct blkif_sring, ring)) /
		      sizeof(union blkif_sring_entry);
	unsigned int n = JOURNAL_SLOTS;

	while (n > room)
		n /= 2;
	return n;
}

int queue_connect(struct queue *q, unsigned int index, unsigned int queues, bool resuming)
{
	struct backend_device *dev = q->disk->dev;
	uint32_t refs[BACKEND_RING_PAGES], pages, port, i;

	q->j = &((struct journal *)dev->memory)->queue[index];
	if (read_nodes(q, index, queues, refs, &pages, &port))
		return -1;
	q->entries = ring_entries(pages);
	if (resuming && !journal_fits(q, refs, pages, port))
		return backend_fail(dev, "the restart memory is of another connection");
	q->ring = backend_map_ring(dev, refs, pages);
	if (!q->ring)
		return -1;
	q->requests = xalloc(q->entries * sizeof(*q->requests));
	for (i = 0; i < q->entries; i++) {
		q->requests[i].q = q;
		q->requests[i].slot = &q->j->slot[i];
		q->requests[i].next = q->free;
		q->free = &q->requests[i];
	}
	if (!resuming) {
		q->j->port = port;
		q->j->pages = pages;
		memcpy(q->j->refs, refs, pages * sizeof(*refs));
		/* Where a front end that was connected before begins. */
		q->j->rsp_prod = q->j->req_cons = load(&q->ring->rsp_prod);
	}
	q->told = q->j->rsp_prod;
	q->published = true;
	q->channel = backend_bind(dev, port, queue_work, q);
	return q->channel ? 0 : -1;
}

void queue_resume(struct queue *q)
{
	take_up(q);
	/* Answers and events of a moment ago may have been lost with our predecessor. */
	store(&q->ring->rsp_prod, q->j->rsp_prod);
	q->told = q->j->rsp_prod;
	q->published = true;
	backend_notify(q->channel);
}

void queue_disconnect(struct queue *q)
{
	free(q->requests);
	memset(q, 0, sizeof(*q));
}
