/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work put off to the way out of the hypervisor: a bit per kind and CPU. Raised from anywhere
 * (another CPU is kicked), run with no lock held before each return to a guest and in the idle
 * loop.
 */
#ifndef CORE_SOFTIRQ_H
#define CORE_SOFTIRQ_H

#include "lib/base.h"

enum softirq {
	SOFTIRQ_TIMER,
	SOFTIRQ_SCHEDULE,
	SOFTIRQ_RCU,
	SOFTIRQ_EXIT,
	SOFTIRQ_NMI,
	SOFTIRQ_COUNT
};

void softirq_register(enum softirq kind, void (*fn)(void));
void softirq_raise(unsigned cpu, enum softirq kind);
void softirq_run(void); /* all that are pending on this CPU; may not return when it switches vcpu */
bool softirq_pending(void);
unsigned softirq_pending_on(unsigned cpu); /* the bits, for the debug key */
/* In long work, at most 512 entries apart, no lock held: lets interrupts in, and answers whether to
 * store progress and leave. */
bool should_yield(void);

#endif
