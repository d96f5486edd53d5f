/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Yield, block, poll, shutdown, watchdog timers and the one-shot timer (<xen/sched.h>). A watchdog
 * that nobody kicks shuts its domain down.
 */
#include <xen/sched.h>

#include "core/sched.h"
#include "hc/hypercall.h"
#include "hc/hc_domain.h"
#include "lib/string.h"

#define POLL_MAX 128

static long sched_poll_op(GUEST_PTR(void) arg)
{
	struct sched_poll poll;
	u32 ports[POLL_MAX] __attribute__((uninitialized)); /* nr_ports of them are copied in */

	if (guest_read(&poll, arg))
		return -EFAULT;
	if (poll.nr_ports > POLL_MAX)
		return fail(EINVAL);
	if (guest_in(ports, GUEST_ADDR(poll.ports), 0, sizeof(ports[0]), poll.nr_ports))
		return -EFAULT;
	return vcpu_poll(ports, poll.nr_ports, poll.timeout);
}

static long remote_shutdown(GUEST_PTR(void) arg)
{
	struct sched_remote_shutdown req;
	struct domain *d;
	int ret;

	if (!current_domain()->privileged)
		return fail(EPERM);
	if (guest_read(&req, arg))
		return -EFAULT;
	d = domain_find(req.domain_id);
	if (!d)
		return fail(ESRCH);
	ret = req.reason > SHUTDOWN_MAX ? fail(EINVAL) : 0;
	if (!ret)
		domain_shutdown(d, req.reason);
	domain_put(d);
	return ret;
}

static long shutdown_op(u32 cmd, GUEST_PTR(void) arg)
{
	struct domain *d = current_domain();
	struct sched_shutdown req;
	long ret = 0;

	if (guest_read(&req, arg))
		return -EFAULT;
	if (cmd == SCHEDOP_shutdown) {
		domain_shutdown(d, (u8)req.reason); /* as Xen: it has 8 bits in what domctl tells */
		return 0;
	}
	/* SCHEDOP_shutdown_code: only say why a later shutdown will have been. */
	spin_lock(&d->shutdown_lock);
	if (d->shutting_down || req.reason > SHUTDOWN_MAX)
		ret = fail(EBUSY);
	else
		d->shutdown_code = req.reason;
	spin_unlock(&d->shutdown_lock);
	return ret;
}

static long watchdog_op(GUEST_PTR(void) arg)
{
	struct sched_watchdog req;

	if (guest_read(&req, arg))
		return -EFAULT;
	return watchdog_set(current_domain(), req.id, req.timeout);
}

long hc_sched_op(u32 cmd, GUEST_PTR(void) arg)
{
	switch (cmd) {
	case SCHEDOP_yield: vcpu_yield(); return 0;
	case SCHEDOP_block: vcpu_block(); return 0;
	case SCHEDOP_poll: return sched_poll_op(arg);
	case SCHEDOP_shutdown:
	case SCHEDOP_shutdown_code: return shutdown_op(cmd, arg);
	case SCHEDOP_remote_shutdown: return remote_shutdown(arg);
	case SCHEDOP_watchdog: return watchdog_op(arg);
	default: return hc_unknown(__HYPERVISOR_sched_op, cmd);
	}
}

/* The interface before 0x00030101: yield, block, and shutdown with its reason as the argument. */
long hc_sched_op_compat(u32 op, u64 arg)
{
	switch (op) {
	case SCHEDOP_yield: vcpu_yield(); return 0;
	case SCHEDOP_block: vcpu_block(); return 0;
	case SCHEDOP_shutdown: domain_shutdown(current_domain(), (u8)arg); return 0;
	default: return hc_unknown(__HYPERVISOR_sched_op_compat, op);
	}
}

long hc_set_timer_op(s64 timeout)
{
	struct vcpu *v = current_vcpu();

	if (timeout == 0) {
		vcpu_stop_singleshot(v);
		return 0;
	}
	return vcpu_set_singleshot(v, timeout < 0 ? 0 : (u64)timeout);
}
