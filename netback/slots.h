/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing ring memory: every word once, by an atomic access, so that what the guest
 * does at the same moment is one value or the other and the compiler cannot read twice.
 */
#ifndef NETBACK_SLOTS_H
#define NETBACK_SLOTS_H

#include <stdint.h>
#include <string.h>

/* Slot i of a ring page of 256 slots; the header's type has one. */
#define ring_slot(page, i) ((page)->ring + (i) % 256u)

static inline uint32_t slot_load(const uint32_t *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

/* Copy a slot's words out of the ring. size: a multiple of 4. */
static inline void slot_read(void *to, const void *slot, unsigned int size)
{
	const uint32_t *from = slot;
	uint32_t word;
	unsigned int i;

	for (i = 0; i < size / 4; i++) {
		word = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
		memcpy((char *)to + i * 4, &word, 4);
	}
}

static inline void slot_write(void *slot, const void *from, unsigned int size)
{
	uint32_t *to = slot, word;
	unsigned int i;

	for (i = 0; i < size / 4; i++) {
		memcpy(&word, (const char *)from + i * 4, 4);
		__atomic_store_n(&to[i], word, __ATOMIC_RELAXED);
	}
}

/*
 * Publish answers from `old` up to `now`: all that was written before is seen before. Returns
 * whether the other side asked to be told (its event index lies in what is new). The store and the
 * load are in one order with the other side's (it arms, then looks), hence SEQ_CST.
 */
static inline int slots_publish(
	uint32_t *rsp_prod, const uint32_t *rsp_event, uint32_t old, uint32_t now)
{
	__atomic_store_n(rsp_prod, now, __ATOMIC_SEQ_CST);
	return now - __atomic_load_n(rsp_event, __ATOMIC_SEQ_CST) < now - old;
}

/* Ask to be told when req_prod reaches `event`; returns req_prod, read after that. */
static inline uint32_t slots_arm(uint32_t *req_event, const uint32_t *req_prod, uint32_t event)
{
	__atomic_store_n(req_event, event, __ATOMIC_SEQ_CST);
	return __atomic_load_n(req_prod, __ATOMIC_SEQ_CST);
}

#endif
