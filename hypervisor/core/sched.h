/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling: this file's .c owns blocking, runstate, the per-CPU locks and the switch; a policy is one struct sched_policy, pure enough to run
 * on the host against a virtual clock.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/vcpu.h"

struct sched_policy {
	const char *name;
	void (*vcpu_add)(struct vcpu *v);
	void (*vcpu_remove)(struct vcpu *v);
	void (*wake)(struct vcpu *v, u64 now);      /* became runnable */
	void (*sleep)(struct vcpu *v, u64 now);     /* no longer runnable */
	void (*yield)(struct vcpu *v, u64 now);
	unsigned (*place)(struct vcpu *v);          /* CPU to run it on */
	struct vcpu *(*pick)(unsigned cpu, struct vcpu *prev, u64 ran_ns, u64 now, u64 *slice_ns); /* NULL: idle */
	void (*weights_changed)(struct domain *d);
};

extern const struct sched_policy sched_sfs;

void sched_init(void);                 /* boot CPU; makes idle vcpus */
void sched_cpu_up(unsigned cpu);
noreturn void sched_start(void);       /* this CPU enters its idle loop */
void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);
must_check int sched_adjust(struct domain *d, u32 weight, u32 cap);
u64 sched_ratelimit_us(void);
void sched_ratelimit_set(u64 us);
u64 sched_idle_time(unsigned cpu);     /* ns idle */

#endif
