/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/atomic.h with a place before each operation where the test may let another actor run.
 * Included before everything. */
#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

#include "lib/base.h"

void sct_point(void);

#define SCT(op)			   (sct_point(), (op))
#define atomic_add(p, v)	   SCT(__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST))
#define atomic_sub(p, v)	   SCT(__atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST))
#define atomic_inc(p)		   atomic_add((p), 1)
#define atomic_dec(p)		   atomic_sub((p), 1)
#define atomic_read(p)		   SCT(__atomic_load_n((p), __ATOMIC_RELAXED))
#define atomic_load_acquire(p)	   SCT(__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define atomic_store_release(p, v) SCT(__atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define atomic_xchg(p, v)	   SCT(__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define atomic_or(p, v)		   SCT(__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define atomic_and(p, v)	   SCT(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define smp_mb()		   __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define atomic_cmpxchg(p, old, new)      \
	SCT(__atomic_compare_exchange_n( \
		(p), (old), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))

static inline bool test_bit(const void *base, u64 nr)
{
	return ((const u64 *)base)[nr / 64] >> (nr % 64) & 1;
}

static inline bool test_and_set_bit(void *base, u64 nr)
{
	return atomic_or((u64 *)base + nr / 64, BIT(nr % 64)) >> (nr % 64) & 1;
}

static inline bool test_and_clear_bit(void *base, u64 nr)
{
	return atomic_and((u64 *)base + nr / 64, ~BIT(nr % 64)) >> (nr % 64) & 1;
}

static inline void set_bit(void *base, u64 nr)
{
	(void)test_and_set_bit(base, nr);
}

static inline void clear_bit(void *base, u64 nr)
{
	(void)test_and_clear_bit(base, nr);
}

#endif
