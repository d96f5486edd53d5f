/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring image and what is done with it, from bytes: the first ones are the number of queues, the
 * ring's order, and whether the front end keeps to its pages, then actions of a front end that owns
 * all its memory. The front end's model (blkback_front.c) aborts when a request reaches outside the
 * disk or another domain's pages; here it is checked that no more is answered than was asked.
 */
#include "tests/fuzz/blkback.h"

#include <stdlib.h>
#include <string.h>

#include "tests/host/blkback_front.h"

struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t number(struct input *in, size_t bytes)
{
	uint64_t n = 0;

	if (bytes > in->left)
		bytes = in->left;
	memcpy(&n, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return n;
}

static void write_word(uint8_t *page, struct input *in)
{
	size_t at = number(in, 2) % (PAGE / 8);

	((uint64_t *)page)[at] = number(in, 8);
}

/* A request that has a chance: an operation, segments and a place that may be right. */
static void put_request(unsigned int q, struct input *in)
{
	blkif_request_t *r = front_request(q);
	unsigned int i;

	r->operation = number(in, 1) % 8;
	r->nr_segments = number(in, 1) % 14;
	r->sector_number = number(in, 2);
	r->id = front->req_prod[q];
	for (i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST && i < r->nr_segments; i++) {
		r->seg[i].gref = FRONT_REF + number(in, 1) + (i == 5);
		r->seg[i].first_sect = number(in, 1) % 9;
		r->seg[i].last_sect = number(in, 1) % 9;
	}
	front_next(q);
}

static void act(uint8_t what, struct input *in)
{
	unsigned int q = what >> 4 & (fp.queues - 1), n;

	switch (what & 15) {
	case 0: write_word(front->ring[q << JOURNAL_RING_ORDER], in); break;
	case 1: write_word(front->page[number(in, 1)], in); break;
	case 2: front->req_prod[q] += number(in, 4); break;
	case 3: front->req_prod[q] += number(in, 1) % 33; break;
	case 4: front_push(q); break;
	case 5: front->revoked[number(in, 1)] ^= 1; break;
	case 6: fp.fail_next = -(int64_t)(number(in, 1) % 130); break;
	case 7: front_complete(); break;
	case 8: front_take(); break;
	case 9: fp.shuffle = !fp.shuffle; break;
	case 10: fp.map_fails = !fp.map_fails; break;
	default:
		for (n = 1 + number(in, 1) % 8; n; n--)
			put_request(q, in);
		front_push(q);
	}
}

int fuzz_blkback(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint32_t q;

	if (!front)
		front_reset();
	memset(front->ring, 0, sizeof(front->ring));
	memset(front->revoked, 0, sizeof(front->revoked));
	memset(front->req_prod, 0, sizeof(front->req_prod));
	front_process_reset(1 << number(&in, 1) % 3, number(&in, 1) % (JOURNAL_RING_ORDER + 1));
	front_persistent = number(&in, 1) % 2;
	if (front_start(false, number(&in, 1) % 8 ? "w" : "r"))
		return 0;
	while (in.left && !fp.failed)
		act(number(&in, 1), &in);
	if (!fp.failed)
		front_serve();
	for (q = 0; q < fp.queues; q++)
		if (front->journal.queue[q].req_cons - front->journal.queue[q].rsp_prod >
			front_entries())
			abort();
	front_stop();
	return 0;
}
