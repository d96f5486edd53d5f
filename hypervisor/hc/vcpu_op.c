/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_vcpu_op (<xen/vcpu.h>): a domain brings its vcpus up and down, sets their timers,
 * places their shared areas.
 */
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "core/sched.h"
#include "hc/hypercall.h"
#include "pv/context.h"
#include "pv/pv.h"

#define PERIOD_MIN 1000000ull /* 1 ms, as Xen */
#define PERIOD_MAX (BIT(57) - 1)

static long vcpu_initialise(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_guest_context *c;
	long ret;

	c = heap_alloc(sizeof(*c));
	if (!c)
		return fail(ENOMEM);
	ret = guest_read(c, arg);
	if (!ret)
		ret = pv_context_set(v, c, false);
	heap_free(c);
	return ret == -ERESTART ? hc_restart(0) : ret;
}

static long vcpu_go_up(struct vcpu *v)
{
	if (!v->initialised)
		return fail(EINVAL);
	if (atomic_and(&v->flags, ~VCPU_DOWN) & VCPU_DOWN)
		vcpu_wake(v);
	return 0;
}

static long vcpu_go_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu *other;

	for_each_vcpu (d, other) {
		if (other == v || (READ_ONCE(other->flags) & VCPU_DOWN))
			continue;
		if (!(atomic_or(&v->flags, VCPU_DOWN) & VCPU_DOWN))
			vcpu_sleep(v);
		return 0;
	}
	domain_shutdown(d, SHUTDOWN_poweroff); /* it was the last one */
	return 0;
}

static long runstate_info(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_runstate_info info = { 0 };

	vcpu_runstate_get(v, &info);
	return guest_write(arg, &info);
}

static long runstate_area(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_register_runstate_memory_area area;
	long ret;

	if (guest_read(&area, arg))
		return -EFAULT;
	ret = area.addr.p ? runstate_info(v, as_ptr_void(area.addr.p)) : 0;
	if (!ret)
		v->runstate_addr = area.addr.p;
	return ret;
}

static long time_area(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_register_time_memory_area area;

	if (guest_read(&area, arg))
		return -EFAULT;
	if (area.addr.p &&
		!(guest_address_ok(area.addr.p) &&
			guest_address_ok(area.addr.p + sizeof(struct vcpu_time_info) - 1)))
		return fail(EFAULT);
	v->time_area_addr = area.addr.p;
	if (v == current_vcpu())
		v->domain->ops->time_update(v);
	return 0;
}

static long periodic_timer(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_set_periodic_timer set;

	if (guest_read(&set, arg))
		return -EFAULT;
	if (set.period_ns < PERIOD_MIN || set.period_ns > PERIOD_MAX)
		return fail(EINVAL);
	return vcpu_set_periodic(v, set.period_ns);
}

static long singleshot_timer(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_set_singleshot_timer set;

	if (v != current_vcpu())
		return fail(EINVAL);
	if (guest_read(&set, arg))
		return -EFAULT;
	return vcpu_set_singleshot(v, set.timeout_abs_ns);
}

static long place_info(struct vcpu *v, GUEST_PTR(void) arg)
{
	struct vcpu_register_vcpu_info info;

	if (guest_read(&info, arg))
		return -EFAULT;
	return vcpu_place_info(v, gfn(info.mfn), info.offset);
}

static long send_nmi(struct vcpu *v, GUEST_PTR(void) arg)
{
	if (arg.addr)
		return fail(EINVAL);
	pv_vcpu_of(v)->nmi_pending = true;
	vcpu_kick(v);
	return 0;
}

static long timer_op(struct vcpu *v, u32 cmd, GUEST_PTR(void) arg)
{
	switch (cmd) {
	case VCPUOP_set_periodic_timer: return periodic_timer(v, arg);
	case VCPUOP_stop_periodic_timer: return vcpu_set_periodic(v, 0);
	case VCPUOP_set_singleshot_timer: return singleshot_timer(v, arg);
	default:
		if (v != current_vcpu())
			return fail(EINVAL);
		vcpu_stop_singleshot(v);
		return 0;
	}
}

long hc_vcpu_op(u32 cmd, u32 vcpu, GUEST_PTR(void) arg)
{
	struct vcpu *v = vcpu_of(current_domain(), vcpu);

	if (!v)
		return fail(ENOENT);
	switch (cmd) {
	case VCPUOP_initialise: return vcpu_initialise(v, arg);
	case VCPUOP_up: return vcpu_go_up(v);
	case VCPUOP_down: return vcpu_go_down(v);
	case VCPUOP_is_up: return !(READ_ONCE(v->flags) & VCPU_DOWN);
	case VCPUOP_get_runstate_info: return runstate_info(v, arg);
	case VCPUOP_register_runstate_memory_area: return runstate_area(v, arg);
	case VCPUOP_set_periodic_timer:
	case VCPUOP_stop_periodic_timer:
	case VCPUOP_set_singleshot_timer:
	case VCPUOP_stop_singleshot_timer: return timer_op(v, cmd, arg);
	case VCPUOP_register_vcpu_info: return place_info(v, arg);
	case VCPUOP_register_vcpu_time_memory_area: return time_area(v, arg);
	case VCPUOP_send_nmi: return send_nmi(v, arg);
	case VCPUOP_get_physid: return fail(EINVAL); /* no vcpu is tied to one CPU for good */
	default: return hc_unknown(__HYPERVISOR_vcpu_op, cmd);
	}
}
