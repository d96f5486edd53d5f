/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling: this file's .c owns blocking, runstate, the per-CPU locks and the switch; a policy is
 * one struct sched_policy, pure enough to run on the host against a virtual clock.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/vcpu.h"

/*
 * A policy. All but domain_init/destroy and vcpu_add/remove are called with the lock of the CPU
 * group in question held. Times are system time in ns.
 */
struct sched_policy {
	const char *name;
	struct sched_share *(*domain_init)(struct domain *d); /* NULL: no memory */
	void (*domain_destroy)(struct domain *d);
	void (*cpu_up)(unsigned cpu);
	void (*vcpu_add)(struct vcpu *v);
	void (*vcpu_remove)(struct vcpu *v); /* not queued, not running */
	void (*wake)(
		struct vcpu *v, u64 now); /* became runnable; does not run; may already be queued */
	void (*sleep)(
		struct vcpu *v, u64 now); /* no longer runnable, does not run; may be queued */
	void (*yield)(struct vcpu *v);	  /* runs on this CPU and lets others go first once */
	unsigned (*place)(const struct vcpu *v); /* CPU for it to start from, within its affinity */
	/* The CPU's next: prev (NULL: idle) ran for ran_ns and still may be runnable; NULL: idle.
	 * *slice_ns: ask again after it. */
	struct vcpu *(*pick)(unsigned cpu, struct vcpu *prev, u64 ran_ns, u64 now, u64 *slice_ns);
	void (*weights_changed)(struct domain *d); /* no lock held */
	void (*dump)(void);
};

extern const struct sched_policy sched_sfs;

#define SCHED_GROUP    16 /* CPUs that share a run queue and its lock */
#define SCHED_GROUPS   (NR_CPUS / SCHED_GROUP)
#define SCHED_NO_SLICE (~0ull)

/* For policies: */
void sched_tickle(unsigned cpu); /* have that CPU pick again soon */
spinlock_t *sched_group_lock(unsigned group);
/* VCPUOP, domctl and the machine: */
void sched_init(void);		 /* boot CPU: makes the idle domain, calls sched_cpu_up(0) */
void sched_cpu_up(unsigned cpu); /* on that CPU itself */
noreturn void sched_start(void); /* this CPU enters its idle loop */
must_check int sched_domain_init(struct domain *d);
void sched_domain_destroy(struct domain *d);
void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);
bool sched_vcpu_off(
	const struct vcpu *v); /* neither runs nor is its state on a CPU; it may be queued */
must_check int sched_adjust(
	struct domain *d, u32 weight, u32 cap); /* 1..65535; percent of one CPU, 0 no cap. EINVAL */
u64 sched_ratelimit_us(void);
void sched_ratelimit_set(u64 us);
u64 sched_idle_time(unsigned cpu); /* ns idle */
void sched_dump(void);		   /* debug key */

#endif
