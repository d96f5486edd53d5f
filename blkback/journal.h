/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The restart memory of a disk: every request that was taken from a ring and not answered. It is
 * written in program order by one thread, each step before the next may matter, and read by whoever
 * is started after that thread was killed at any instruction:
 *
 *	take	slot.request := the ring's; slot.index := req_cons; slot.state := TAKEN; req_cons +=
 *1 answer	slot.status := ...; slot.answer := rsp_prod; slot.state := ANSWERED; ring[rsp_prod]
 *:= ...; rsp_prod += 1; slot.state := FREE
 *
 * So, for who comes after: TAKEN with index == req_cons was not taken; TAKEN otherwise is done
 * again; ANSWERED with answer == rsp_prod is answered again; other ANSWERED ones are free. The
 * counters here are what is believed, the ring's are not.
 */
#ifndef BLKBACK_JOURNAL_H
#define BLKBACK_JOURNAL_H

#include <stdint.h>
#include <xen/io/blkif.h>

#include "blkback/order.h"

#define JOURNAL_MAGIC	   0x31766c62 /* changes with the layout */
#define JOURNAL_QUEUES	   4
#define JOURNAL_RING_ORDER 4   /* 16 pages */
#define JOURNAL_SLOTS	   512 /* requests that fit in 16 pages */

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_ANSWERED };

struct slot {
	uint32_t state, index, answer;
	int32_t status;
	union {
		blkif_request_t request;
		blkif_request_indirect_t indirect;
		blkif_request_discard_t discard;
		uint64_t words[sizeof(blkif_request_t) / 8];
	};
};

struct journal_queue {
	/* The connection that this belongs to. */
	uint32_t port, pages, refs[1 << JOURNAL_RING_ORDER];
	uint32_t req_cons, rsp_prod;
	struct slot slot[JOURNAL_SLOTS];
};

struct journal {
	uint32_t magic, queues;
	struct journal_queue queue[JOURNAL_QUEUES];
	uint32_t no_flushes; /* one has failed: the front end sends no more of them */
};

#endif
