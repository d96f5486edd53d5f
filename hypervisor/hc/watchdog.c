/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct hc_domain's life, and the watchdogs in it (SCHEDOP_watchdog): two timers a domain. A timer
 * that runs out shuts its domain down with SHUTDOWN_watchdog.
 */
#include <xen/sched.h>

#include "core/log.h"
#include "hc/hc_domain.h"
#include "lib/atomic.h"

#define SECOND 1000000000ull

static void watchdog_fired(void *arg)
{
	struct domain *d = arg;

	if (d->shutting_down || d->dying)
		return;
	log_guest(d, LOG_WARN, "watchdog ran out\n");
	domain_shutdown(d, SHUTDOWN_watchdog);
}

static void hc_domain_free(struct domain *d)
{
	struct hc_domain *h = d->hc;

	for (unsigned i = 0; i < WATCHDOGS; i++)
		timer_stop(&h->watchdog[i].timer);
	heap_free(h->map);
	heap_free(h);
}

struct hc_domain *hc_domain_of(struct domain *d)
{
	struct hc_domain *h = READ_ONCE(d->hc), *none = NULL;

	if (h)
		return h;
	h = heap_alloc(sizeof(*h));
	if (!h)
		return NULL;
	for (unsigned i = 0; i < WATCHDOGS; i++)
		timer_init(&h->watchdog[i].timer, watchdog_fired, d, cpu_id());
	WRITE_ONCE(d->hc_free, hc_domain_free);
	if (atomic_cmpxchg(&d->hc, &none, h))
		return h;
	heap_free(h);
	return none;
}

static long watchdog_new(struct hc_domain *h, u32 seconds)
{
	if (!seconds)
		return fail(EINVAL);
	for (unsigned i = 0; i < WATCHDOGS; i++) {
		if (h->watchdog[i].used)
			continue;
		h->watchdog[i].used = true;
		timer_set(&h->watchdog[i].timer, time_now() + seconds * SECOND);
		return i + 1;
	}
	return fail(ENOSPC);
}

long watchdog_set(struct domain *d, u32 id, u32 seconds)
{
	struct hc_domain *h;
	long ret = 0;

	if (id > WATCHDOGS)
		return fail(EINVAL);
	h = hc_domain_of(d);
	if (!h)
		return fail(ENOMEM);
	spin_lock(&h->watchdog_lock);
	if (id == 0) {
		ret = watchdog_new(h, seconds);
	} else if (!h->watchdog[id - 1].used) {
		ret = fail(EINVAL);
	} else if (seconds) {
		timer_set(&h->watchdog[id - 1].timer, time_now() + seconds * SECOND);
	} else {
		timer_stop(&h->watchdog[id - 1].timer);
		h->watchdog[id - 1].used = false;
	}
	spin_unlock(&h->watchdog_lock);
	return ret;
}
