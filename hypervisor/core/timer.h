/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU timers, ordered by deadline; the handler runs in softirq context on the timer's CPU,
 * holding no lock. A timer may be set from any CPU.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "lib/base.h"
#include "lib/rbtree.h"

struct timer {
	struct rb_node node;
	u64 expires; /* system time, ns */
	void (*fn)(void *arg);
	void *arg;
	u32 cpu;
	bool armed;
};

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned cpu);
void timer_set(struct timer *t, u64 expires);
void timer_stop(struct timer *t); /* when it returns the handler neither runs nor will */
void timer_migrate(struct timer *t, unsigned cpu);
void timers_init_cpu(unsigned cpu); /* before that CPU's first timer */

#endif
