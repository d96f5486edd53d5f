/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling mechanism: which vcpu a CPU runs, time accounting, the switch. What to run next is the
 * policy's (sched_sfs.c). CPUs are grouped by SCHED_GROUP; a group has one lock, which is the
 * "scheduler lock" of its CPUs and of every vcpu whose `processor` is one of them. v->processor
 * changes only with the old and the new group's lock held, or when v is off. States of a vcpu: off
 * (neither current of a CPU nor running), queued by the policy or not; current: chosen by a CPU
 * under the lock; running: its registers are on the CPU. `running` ends after the state is saved,
 * outside the lock: a CPU that chose it next waits for that, having saved its own previous one
 * first, so two such waiters cannot block each other.
 */
#include <xen/sched.h>

#include "core/console.h"
#include "core/frame.h"
#include "core/log.h"
#include "core/sched.h"
#include "core/softirq.h"
#include "core/trace.h"
#include "lib/check.h"
#include "lib/cmdline.h"

struct aligned(64) cpu_sched
{
	struct vcpu *current_one; /* group lock */
	struct vcpu *idle;
	u64 since; /* group lock: current_one was charged up to then */
	struct timer slice;
};

static struct cpu_sched cpus[NR_CPUS];
static struct {
	spinlock_t aligned(64) lock;
} groups[SCHED_GROUPS];
static const struct sched_policy *const policy = &sched_sfs;
static u64 ratelimit_us;

spinlock_t *sched_group_lock(unsigned group)
{
	return &groups[group].lock;
}

static spinlock_t *cpu_lock(unsigned cpu)
{
	return &groups[cpu / SCHED_GROUP].lock;
}

/* Lock the group that v belongs to. */
static spinlock_t *vcpu_lock(struct vcpu *v)
{
	for (;;) {
		spinlock_t *l = cpu_lock(READ_ONCE(v->processor));

		spin_lock(l);
		if (likely(l == cpu_lock(v->processor)))
			return l;
		spin_unlock(l);
	}
}

void sched_tickle(unsigned cpu)
{
	softirq_raise(cpu, SOFTIRQ_SCHEDULE);
}

/* ---- time accounting; group lock held ---- */

static void runstate_set(struct vcpu *v, int state, u64 now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (now > r->state_entry_time) {
		r->time[r->state] += now - r->state_entry_time;
		r->state_entry_time = now;
	}
	r->state = state;
}

/* The state of a vcpu that does not run. */
static int runstate_off(const struct vcpu *v)
{
	if (vcpu_runnable(v))
		return RUNSTATE_runnable;
	return READ_ONCE(v->flags) & VCPU_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline;
}

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	spinlock_t *l = vcpu_lock(v);
	u64 now = time_now();

	*out = v->runstate;
	if (now > out->state_entry_time)
		out->time[out->state] += now - out->state_entry_time;
	spin_unlock(l);
}

u64 vcpu_cpu_time(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	vcpu_runstate_get(v, &r);
	return r.time[RUNSTATE_running];
}

u64 sched_idle_time(unsigned cpu)
{
	return cpus[cpu].idle ? vcpu_cpu_time(cpus[cpu].idle) : 0;
}

static bool area_write(struct vcpu *v, u64 offset, const void *from, u64 bytes)
{
	u64 va = v->runstate_addr + offset;

	if (v->domain->ops->kernel_write)
		return v->domain->ops->kernel_write(v, va, from, bytes);
	return guest_copy_out(va, from, bytes) == 0;
}

/* The guest's copy (VCPUOP_register_runstate_memory_area); v is loaded on this CPU. */
void vcpu_runstate_publish(struct vcpu *v)
{
	struct vcpu_runstate_info r;
	const u64 at = offsetof(struct vcpu_runstate_info, state_entry_time);

	if (likely(!v->runstate_addr))
		return;
	r = v->runstate;
	if (!(v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag))) {
		(void)!area_write(v, 0, &r, sizeof(r));
		return;
	}
	r.state_entry_time |= XEN_RUNSTATE_UPDATE;
	if (!area_write(v, at, &r.state_entry_time, 8))
		return;
	barrier(); /* x86 keeps stores in order: readers see the mark before, and its end after, the
		      rest */
	if (!area_write(v, 0, &r, sizeof(r)))
		return;
	barrier();
	r.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	(void)!area_write(v, at, &r.state_entry_time, 8);
}

/* ---- wake and sleep ---- */

static bool is_current(const struct vcpu *v)
{
	return READ_ONCE(cpus[v->processor].current_one) == v;
}

bool sched_vcpu_off(const struct vcpu *v)
{
	return !is_current(v) && !atomic_load_acquire(&v->running);
}

/* Let v be where its hard affinity allows; v is off the CPUs' choice, not queued, the lock *l of
 * its group held, maybe exchanged. */
static void relocate(struct vcpu *v, spinlock_t **l)
{
	unsigned to = policy->place(v);
	spinlock_t *other = cpu_lock(to);

	if (other != *l) {
		spinlock_t *first = min(other, *l), *second = max(other, *l);

		spin_unlock(*l);
		spin_lock(first);
		spin_lock(second);
		if (cpu_lock(v->processor) == *l && !is_current(v)) {
			policy->sleep(v, time_now());
			WRITE_ONCE(v->processor, to);
		}
		spin_unlock(first);
		spin_unlock(second);
		*l = vcpu_lock(v);
	} else {
		WRITE_ONCE(v->processor, to);
	}
}

void vcpu_wake(struct vcpu *v)
{
	spinlock_t *l = vcpu_lock(v);

	if (!is_current(v) && vcpu_runnable(v)) {
		u64 now = time_now();

		if (v->runstate.state != RUNSTATE_runnable)
			runstate_set(v, RUNSTATE_runnable, now);
		if (unlikely(!cpumask_test(&v->hard, v->processor)))
			relocate(v, &l);
		if (!is_current(v) && vcpu_runnable(v))
			policy->wake(v, now);
	}
	spin_unlock(l);
}

void vcpu_sleep(struct vcpu *v)
{
	spinlock_t *l = vcpu_lock(v);

	if (!vcpu_runnable(v)) {
		u64 now = time_now();

		if (is_current(v)) {
			sched_tickle(v->processor);
		} else {
			policy->sleep(v, now);
			runstate_set(v, runstate_off(v), now);
		}
	}
	spin_unlock(l);
}

void vcpu_yield(void)
{
	struct vcpu *v = current_vcpu();
	spinlock_t *l = vcpu_lock(v);

	policy->yield(v);
	spin_unlock(l);
	softirq_raise(cpu_id(), SOFTIRQ_SCHEDULE);
}

/* ---- the switch ---- */

static void idle_loop(void)
{
	for (;;) {
		if (softirq_pending())
			softirq_run();
		else if (frames_scrub())
			irq_window();
		else
			machine_idle();
	}
}

static noreturn void switch_vcpu(struct vcpu *prev, struct vcpu *next)
{
	bool from_guest = !prev->domain->is_idle;

	if (from_guest) {
		if (unlikely(prev->periodic_period))
			vcpu_periodic_suspend(prev);
		vcpu_runstate_publish(prev);
		prev->regs = *guest_regs();
		prev->domain->ops->switch_from(prev);
	}
	atomic_store_release(&prev->running, false);
	if (unlikely(from_guest && !cpumask_test(&prev->hard, prev->processor)))
		vcpu_wake(prev); /* its affinity changed: find it another place */
	while (unlikely(atomic_load_acquire(&next->running)))
		cpu_relax();			 /* another CPU still saves it */
	(void)atomic_xchg(&next->running, true); /* a barrier: who sets its pending flag after we
						    look sees that it runs, and kicks */
	set_current_vcpu(next);
	trace(TRACE_switch_to, next->domain->id, next->id);
	next->domain->ops->switch_to(next);
	if (next->domain->is_idle)
		machine_enter_loop(idle_loop);
	*guest_regs() = next->regs;
	vcpu_runstate_publish(next);
	if (unlikely(next->periodic_period))
		vcpu_periodic_resume(next);
	machine_enter_guest();
}

static void slice_arm(struct cpu_sched *c, u64 now, u64 slice)
{
	if (slice == SCHED_NO_SLICE) {
		if (c->slice.armed)
			timer_stop(&c->slice);
	} else {
		timer_set(&c->slice, now + slice);
	}
}

static void schedule(void)
{
	unsigned cpu = cpu_id();
	struct cpu_sched *c = &cpus[cpu];
	struct vcpu *prev = c->current_one, *next;
	u64 now, slice = SCHED_NO_SLICE, ran;

	spin_lock(cpu_lock(cpu));
	now = time_now();
	ran = now > c->since ? now - c->since : 0;
	next = policy->pick(cpu, prev == c->idle ? NULL : prev, ran, now, &slice);
	if (!next)
		next = c->idle;
	c->since = now;
	if (next != prev) {
		runstate_set(prev, prev == c->idle ? RUNSTATE_runnable : runstate_off(prev), now);
		runstate_set(next, RUNSTATE_running, now);
		WRITE_ONCE(next->processor, cpu);
		WRITE_ONCE(c->current_one, next);
	}
	spin_unlock(cpu_lock(cpu));
	slice_arm(c, now, slice);
	if (next != prev)
		switch_vcpu(prev, next);
}

static void slice_over(void *arg)
{
	softirq_raise(cpu_id(), SOFTIRQ_SCHEDULE);
}

/* ---- creation, parameters ---- */

int sched_domain_init(struct domain *d)
{
	if (d->is_idle)
		return 0;
	d->sched_shares = policy->domain_init(d);
	return d->sched_shares ? 0 : fail(ENOMEM);
}

void sched_domain_destroy(struct domain *d)
{
	if (d->sched_shares)
		policy->domain_destroy(d);
	d->sched_shares = NULL;
}

void sched_vcpu_init(struct vcpu *v)
{
	list_init(&v->run_queue);
	if (v->domain->is_idle) {
		v->processor = v->id;
		cpumask_set(&v->hard, v->id);
		cpumask_set(&v->soft, v->id);
		return;
	}
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		cpumask_set(&v->hard, cpu);
		cpumask_set(&v->soft, cpu);
	}
	v->processor = policy->place(v);
	policy->vcpu_add(v);
}

void sched_vcpu_destroy(struct vcpu *v)
{
	spinlock_t *l;

	if (v->domain->is_idle)
		return;
	l = vcpu_lock(v);
	policy->sleep(v, time_now());
	policy->vcpu_remove(v);
	spin_unlock(l);
}

int sched_adjust(struct domain *d, u32 weight, u32 cap)
{
	if (weight < 1 || weight > 65535 || cap > 65535)
		return fail(EINVAL);
	WRITE_ONCE(d->sched_weight, (u16)weight);
	WRITE_ONCE(d->sched_cap, (u16)cap);
	policy->weights_changed(d);
	return 0;
}

u64 sched_ratelimit_us(void)
{
	return ratelimit_us;
}

void sched_ratelimit_set(u64 us)
{
	ratelimit_us = us;
}

int vcpu_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft)
{
	struct cpumask usable;
	spinlock_t *l;
	bool move;

	for (unsigned i = 0; i < ARRAY_SIZE(usable.bits); i++)
		usable.bits[i] = hard->bits[i] & cpu_online_map.bits[i];
	if (cpumask_empty(&usable))
		return fail(EINVAL);
	l = vcpu_lock(v);
	v->hard = *hard;
	v->soft = *soft;
	move = !cpumask_test(hard, v->processor);
	if (move && is_current(v))
		sched_tickle(v->processor);
	else if (move)
		policy->sleep(v, time_now());
	spin_unlock(l);
	if (move)
		vcpu_wake(v);
	return 0;
}

void sched_dump(void)
{
	unsigned cpu;

	for_each_cpu (cpu, &cpu_online_map) {
		struct vcpu *v = cpus[cpu].current_one;

		log_raw("CPU %u: %s d%u v%u since %lu softirqs %x\n", cpu,
			v == cpus[cpu].idle ? "idle" : "runs", v->domain->id, v->id,
			cpus[cpu].since, softirq_pending_on(cpu));
	}
	policy->dump();
}

/* ---- idle domain, start ---- */

static struct domain *idle_domain_alloc(void)
{
	return heap_alloc(sizeof(struct domain));
}

static void idle_domain_free(struct domain *d)
{
	heap_free(d);
}

static int idle_domain_init(struct domain *d, const struct xen_domctl_createdomain *config)
{
	return 0;
}

static void idle_domain_destroy(struct domain *d)
{
}

static struct vcpu *idle_vcpu_alloc(struct domain *d)
{
	return heap_alloc(sizeof(struct vcpu));
}

static int idle_vcpu_init(struct vcpu *v)
{
	return 0;
}

/* The CPU keeps what the last guest left on it, so that its return is cheap; the guest's kind takes
 * it away when it must. */
static void idle_switch_to(struct vcpu *v)
{
}

static const struct domain_ops idle_ops = {
	.domain_alloc = idle_domain_alloc,
	.domain_free = idle_domain_free,
	.domain_init = idle_domain_init,
	.domain_destroy = idle_domain_destroy,
	.vcpu_alloc = idle_vcpu_alloc,
	.vcpu_init = idle_vcpu_init,
	.switch_to = idle_switch_to,
};

void sched_cpu_up(unsigned cpu)
{
	struct cpu_sched *c = &cpus[cpu];

	timers_init_cpu(cpu);
	trace_cpu_up(cpu);
	if (vcpu_create(idle_domain, cpu))
		panic("no memory for the idle vcpu of CPU %u", cpu);
	c->idle = idle_domain->vcpu[cpu];
	c->idle->initialised = true;
	c->idle->running = true;
	c->current_one = c->idle;
	c->since = time_now();
	timer_init(&c->slice, slice_over, NULL, cpu);
	set_current_vcpu(c->idle);
	spin_lock(cpu_lock(cpu));
	policy->cpu_up(cpu);
	spin_unlock(cpu_lock(cpu));
}

void sched_init(void)
{
	struct xen_domctl_createdomain config = { .max_vcpus = NR_CPUS };

	domains_init();
	softirq_register(SOFTIRQ_SCHEDULE, schedule);
	ratelimit_us = opt.sched_ratelimit_us;
	if (domain_create(DOMID_IDLE, &config, &idle_ops, false, &idle_domain))
		panic("no memory for the idle domain");
	sched_cpu_up(cpu_id());
	console_ring_grow();
}

noreturn void sched_start(void)
{
	machine_enter_loop(idle_loop);
}
