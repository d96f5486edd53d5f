/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypercall layer keeps for a domain and nobody below it needs: made when first asked for,
 * freed with the domain's last reference, so whoever has one may use it. The memory map's lock is
 * `lock`; the watchdogs have their own.
 */
#ifndef HC_HC_DOMAIN_H
#define HC_HC_DOMAIN_H

#include "core/domain.h"
#include "core/timer.h"

#define WATCHDOGS      2
#define MEMORY_MAP_MAX 128

struct memory_map_entry { /* as INT 15h E820 gives it */
	u64 start, bytes;
	u32 type;
} packed;

struct hc_domain {
	spinlock_t watchdog_lock;
	struct {
		struct timer timer;
		bool used;
	} watchdog[WATCHDOGS];

	spinlock_t lock;
	u32 map_entries;
	struct memory_map_entry *map;
};

struct hc_domain *hc_domain_of(struct domain *d); /* NULL: no memory */

/*
 * id 0: start a new watchdog, its id is the answer; else set (seconds) or, with 0, stop that one.
 * EINVAL, ENOSPC, ENOMEM.
 */
long watchdog_set(struct domain *d, u32 id, u32 seconds);

#endif
