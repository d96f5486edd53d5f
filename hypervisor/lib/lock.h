/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket spin locks. Interrupts are off in the hypervisor except in the idle loop and at the two
 * marked points of exit work (docs/locking.md), so plain spin_lock is right everywhere and there is
 * no irqsave form.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/atomic.h"

typedef struct aligned(4)
{
	u16 next, serving;
}
spinlock_t;

#define SPINLOCK_INIT \
	{             \
		0, 0  \
	}

void cpu_relax(void); /* x86/machine.h: what a waiter does meanwhile */
void spin_lock_wait(spinlock_t *l, u16 ticket);
bool spin_trylock(spinlock_t *l);

static inline void spin_lock(spinlock_t *l)
{
	u16 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_SEQ_CST);

	if (unlikely(atomic_load_acquire(&l->serving) != ticket))
		spin_lock_wait(l, ticket);
}

static inline void spin_unlock(spinlock_t *l)
{
	atomic_store_release(&l->serving, (u16)(l->serving + 1));
}

static inline bool spin_held(const spinlock_t *l) /* by somebody */
{
	return READ_ONCE(l->next) != READ_ONCE(l->serving);
}

#endif
