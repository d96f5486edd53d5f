/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket locks: first come, first served. Both halves live in one u32; a waiter serves other CPUs'
 * requests meanwhile (docs/locking.md 2).
 */
#include "lib/lock.h"

void spin_lock_wait(spinlock_t *l, u16 ticket)
{
	while (atomic_load_acquire(&l->serving) != ticket)
		cpu_relax();
}

bool spin_trylock(spinlock_t *l)
{
	u16 serving = READ_ONCE(l->serving);
	u32 old = (u32)serving << 16 | serving;

	return atomic_cmpxchg((u32 *)l, &old, (u32)serving << 16 | (u16)(serving + 1));
}
