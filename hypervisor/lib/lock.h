/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket spin locks. Interrupts are off in the hypervisor except in the idle loop and at the two marked points of exit work
 * (docs/locking.md), so plain spin_lock is right everywhere and there is no irqsave form.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/atomic.h"

typedef struct {
	u16 next, serving;
} spinlock_t;

#define SPINLOCK_INIT { 0, 0 }

void spin_lock(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);

static inline bool spin_held(const spinlock_t *l) /* by somebody */
{
	return READ_ONCE(l->next) != READ_ONCE(l->serving);
}

#endif
