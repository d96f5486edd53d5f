/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs: creation, blocking and waking, pauses, their three timers, and where their
 * vcpu_info is. Rule of wake-ups: whoever changes a condition writes it first (flag, pending bit),
 * then looks at VCPU_BLOCKED; the sleeper sets VCPU_BLOCKED first, then looks at the conditions.
 * Both with full barriers, so one of them sees the other.
 */
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "core/event.h"
#include "core/sched.h"
#include "core/softirq.h"
#include "lib/check.h"
#include "lib/string.h"

#define PERIOD_DEFAULT 10000000ull /* Xen starts each PV vcpu with a 10 ms tick; Linux stops it */

static void periodic_fired(void *arg);
static void singleshot_fired(void *arg);
static void poll_fired(void *arg);

int vcpu_create(struct domain *d, unsigned id)
{
	struct vcpu *v;
	int rc;

	if (id >= d->max_vcpus)
		return fail(EINVAL);
	if (d->vcpu[id])
		return fail(EEXIST);
	v = d->ops->vcpu_alloc(d);
	if (!v)
		return fail(ENOMEM);
	v->domain = d;
	v->id = id;
	v->flags = d->is_idle ? 0 : VCPU_DOWN;
	v->info_frame.n = INVALID_MFN_RAW;
	v->runstate.state = d->is_idle ? RUNSTATE_running : RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
	v->info = d->shared && id < XEN_LEGACY_MAX_VCPUS ? &d->shared->vcpu_info[id] : &v->own_info;
	sched_vcpu_init(v);
	timer_init(&v->periodic_timer, periodic_fired, v, v->processor);
	v->periodic_period = d->is_idle ? 0 : PERIOD_DEFAULT;
	timer_init(&v->singleshot_timer, singleshot_fired, v, v->processor);
	timer_init(&v->poll_timer, poll_fired, v, v->processor);
	rc = d->ops->vcpu_init(v);
	if (rc) {
		sched_vcpu_destroy(v);
		d->ops->vcpu_destroy(v);
		return rc;
	}
	atomic_store_release(&d->vcpu[id], v);
	return 0;
}

void vcpu_drop_info(struct vcpu *v)
{
	struct page *p;

	v->info = &v->own_info;
	if (v->info_frame.n == INVALID_MFN_RAW)
		return;
	p = page_of(v->info_frame);
	v->info_frame.n = INVALID_MFN_RAW;
	v->domain->ops->page_type_put(p, true);
	page_put(p);
}

void vcpu_free(struct vcpu *v)
{
	vcpu_stop_timers(v);
	sched_vcpu_destroy(v);
	vcpu_drop_info(v);
	v->domain->ops->vcpu_destroy(v);
}

struct vcpu *vcpu_of(struct domain *d, unsigned id)
{
	return id < d->max_vcpus ? READ_ONCE(d->vcpu[bounded(id, d->max_vcpus)]) : NULL;
}

bool vcpu_runnable(const struct vcpu *v)
{
	return !(READ_ONCE(v->flags) & (VCPU_DOWN | VCPU_BLOCKED)) && !READ_ONCE(v->pause_count) &&
	       !READ_ONCE(v->domain->pause_count) && !READ_ONCE(v->domain->shut_down);
}

void vcpu_pause_nosync(struct vcpu *v)
{
	atomic_inc(&v->pause_count);
	vcpu_sleep(v);
}

void vcpu_pause(struct vcpu *v)
{
	vcpu_pause_nosync(v);
	while (!sched_vcpu_off(v))
		cpu_relax();
	smp_mb();
}

void vcpu_unpause(struct vcpu *v)
{
	if (atomic_dec(&v->pause_count) == 0)
		vcpu_wake(v);
}

/* ---- blocking ---- */

/* Take it out of SCHEDOP_block or _poll; harmless when it is in neither. */
static void vcpu_unblock(struct vcpu *v)
{
	u32 old;

	if (!(READ_ONCE(v->flags) & VCPU_BLOCKED))
		return;
	old = atomic_and(&v->flags, ~(u32)(VCPU_BLOCKED | VCPU_POLLING));
	if (old & VCPU_POLLING)
		atomic_dec(&v->domain->pollers);
	if (old & VCPU_BLOCKED)
		vcpu_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
	u32 cpu;

	smp_mb();
	vcpu_unblock(v);
	cpu = READ_ONCE(v->processor);
	if (READ_ONCE(v->running) && cpu != cpu_id())
		cpu_kick(cpu);
}

void vcpu_mark_events_pending(struct vcpu *v)
{
	if (!atomic_xchg(&v->info->evtchn_upcall_pending, 1))
		vcpu_kick(v);
}

void vcpu_poll_wake(struct vcpu *v, u32 port)
{
	s32 waits = READ_ONCE(v->poll_port);

	if ((READ_ONCE(v->flags) & VCPU_POLLING) && (waits < 0 || (u32)waits == port))
		vcpu_unblock(v);
}

void vcpu_block(void)
{
	struct vcpu *v = current_vcpu();

	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	atomic_or(&v->flags, VCPU_BLOCKED);
	if (vcpu_events_to_deliver(v))
		atomic_and(&v->flags, ~(u32)VCPU_BLOCKED);
	else
		softirq_raise(cpu_id(), SOFTIRQ_SCHEDULE);
}

int vcpu_poll(const u32 *ports, unsigned count, u64 timeout)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;
	bool ready;

	for (unsigned i = 0; i < count; i++)
		if (!event_port_exists(d, ports[i]))
			return fail(EINVAL);
	v->poll_port = count == 1 ? (s32)ports[0] : -1;
	atomic_inc(&d->pollers);
	atomic_or(&v->flags, VCPU_BLOCKED | VCPU_POLLING);
	ready = vcpu_events_to_deliver(v) || (timeout && timeout <= time_now());
	for (unsigned i = 0; i < count && !ready; i++)
		ready = event_port_pending(d, ports[i]);
	if (ready) {
		if (atomic_and(&v->flags, ~(u32)(VCPU_BLOCKED | VCPU_POLLING)) & VCPU_POLLING)
			atomic_dec(&d->pollers);
		return 0;
	}
	if (timeout) {
		timer_migrate(&v->poll_timer, cpu_id());
		timer_set(&v->poll_timer, timeout);
	}
	softirq_raise(cpu_id(), SOFTIRQ_SCHEDULE);
	return 0;
}

/* ---- timers ---- */

static void poll_fired(void *arg)
{
	struct vcpu *v = arg;

	if (READ_ONCE(v->flags) & VCPU_POLLING)
		vcpu_unblock(v);
}

static void singleshot_fired(void *arg)
{
	event_virq(arg, VIRQ_TIMER);
}

static void periodic_fired(void *arg)
{
	vcpu_periodic_resume(arg);
}

/* The tick runs only while the vcpu does; one that was missed meanwhile comes at once, more than
 * one are one. */
void vcpu_periodic_resume(struct vcpu *v)
{
	u64 now = time_now(), period = v->periodic_period;

	if (!period)
		return;
	if (now - v->periodic_last >= period) {
		v->periodic_last += period * ((now - v->periodic_last) / period);
		event_virq(v, VIRQ_TIMER);
	}
	timer_migrate(&v->periodic_timer, cpu_id());
	timer_set(&v->periodic_timer, v->periodic_last + period);
}

void vcpu_periodic_suspend(struct vcpu *v)
{
	timer_stop(&v->periodic_timer);
}

#define PERIOD_MIN 1000000ull /* <xen/vcpu.h>: shorter ones may not be supported */

int vcpu_set_periodic(struct vcpu *v, u64 period_ns)
{
	if (period_ns && period_ns < PERIOD_MIN)
		return fail(EINVAL);
	if (period_ns > ~0ull >> 2)
		return fail(EINVAL);
	timer_stop(&v->periodic_timer);
	v->periodic_period = period_ns;
	v->periodic_last = time_now();
	/* another vcpu's: not waited for (two could wait for each other); a tick too many when it
	 * just stops is its own */
	if (period_ns && !sched_vcpu_off(v))
		timer_set(&v->periodic_timer, v->periodic_last + period_ns);
	return 0;
}

/* VCPU_SSHOTTMR_future: Xen 4.17 does not answer -ETIME as the header says; a time in the past
 * fires at once. */
int vcpu_set_singleshot(struct vcpu *v, u64 system_time)
{
	timer_migrate(&v->singleshot_timer, READ_ONCE(v->processor));
	timer_set(&v->singleshot_timer, system_time);
	return 0;
}

void vcpu_stop_singleshot(struct vcpu *v)
{
	timer_stop(&v->singleshot_timer);
}

void vcpu_stop_timers(struct vcpu *v)
{
	v->periodic_period = 0;
	timer_stop(&v->periodic_timer);
	timer_stop(&v->singleshot_timer);
	timer_stop(&v->poll_timer);
}

/* ---- vcpu_info ---- */

/*
 * <xen/vcpu.h>: once only; all selector bits and the pending flag are set afterwards, because an
 * event may have come while the area moved (PV-ABI 21). The caller is the vcpu itself or it is
 * down, so only senders look at the area meanwhile.
 */
int vcpu_place_info(struct vcpu *v, gfn_t frame, u32 offset)
{
	struct domain *d = v->domain;
	u64 none = INVALID_MFN_RAW;
	struct vcpu_info *to;
	struct page *p;

	if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset % _Alignof(struct vcpu_info))
		return fail(ENXIO);
	if (v->info_frame.n != INVALID_MFN_RAW)
		return fail(EINVAL);
	if (v != current_vcpu() && !(READ_ONCE(v->flags) & VCPU_DOWN))
		return fail(EINVAL);
	if (!frame_valid(mfn(frame.n)))
		return fail(EINVAL);
	p = page_of(mfn(frame.n));
	if (!page_get(p, d))
		return fail(EINVAL);
	if (!d->ops->page_type_get(p, true)) {
		page_put(p);
		return fail(EINVAL);
	}
	/* two vcpus may do it for a third one: the references of one of them are kept */
	if (!atomic_cmpxchg(&v->info_frame.n, &none, frame.n)) {
		d->ops->page_type_put(p, true);
		page_put(p);
		return fail(EINVAL);
	}
	to = (struct vcpu_info *)((u8 *)page_map(p) + offset);
	if (v->info == &v->own_info)
		*to = (struct vcpu_info){ .evtchn_upcall_mask = 1 };
	else
		*to = *v->info;
	atomic_store_release(&v->info, to);
	smp_mb();
	WRITE_ONCE(to->evtchn_pending_sel, ~0ul);
	vcpu_mark_events_pending(v);
	if (d->ops->vcpu_info_moved)
		d->ops->vcpu_info_moved(v);
	return 0;
}
