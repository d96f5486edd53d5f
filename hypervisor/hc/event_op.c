/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_event_channel_op: one row a sub-operation: how large its argument is, whether it is
 * written back, what to call. The FIFO operations have no row: Linux then stays with the 2-level
 * ABI (PV-ABI 22).
 */
#include <xen/event_channel.h>

#include "core/event.h"
#include "hc/hypercall.h"

union event_arg {
	evtchn_alloc_unbound_t alloc_unbound;
	evtchn_bind_interdomain_t bind_interdomain;
	evtchn_bind_virq_t bind_virq;
	evtchn_bind_pirq_t bind_pirq;
	evtchn_bind_ipi_t bind_ipi;
	evtchn_close_t close;
	evtchn_send_t send;
	evtchn_status_t status;
	evtchn_bind_vcpu_t bind_vcpu;
	evtchn_unmask_t unmask;
	evtchn_reset_t reset;
};

static int op_send(union event_arg *a)
{
	return event_send(current_domain(), a->send.port);
}

static int op_unmask(union event_arg *a)
{
	return event_unmask(current_domain(), a->unmask.port);
}

static int op_close(union event_arg *a)
{
	return event_close(current_domain(), a->close.port);
}

static int op_bind_vcpu(union event_arg *a)
{
	return event_bind_vcpu(current_domain(), a->bind_vcpu.port, a->bind_vcpu.vcpu);
}

static int op_bind_virq(union event_arg *a)
{
	return event_bind_virq(
		current_domain(), a->bind_virq.virq, a->bind_virq.vcpu, &a->bind_virq.port);
}

static int op_bind_ipi(union event_arg *a)
{
	return event_bind_ipi(current_domain(), a->bind_ipi.vcpu, &a->bind_ipi.port);
}

static int op_bind_pirq(union event_arg *a)
{
	struct domain *d = current_domain();

	if (a->bind_pirq.pirq >= NR_IRQS)
		return fail(EINVAL);
	if (!rangeset_contains(d->irqs, a->bind_pirq.pirq, a->bind_pirq.pirq))
		return fail(EPERM);
	return event_bind_pirq(d, a->bind_pirq.pirq, a->bind_pirq.flags, &a->bind_pirq.port);
}

static int op_alloc_unbound(union event_arg *a)
{
	u16 remote = a->alloc_unbound.remote_dom;
	struct domain *d;
	int ret = hc_domain_get(a->alloc_unbound.dom, &d);

	if (ret)
		return ret;
	if (remote == DOMID_SELF)
		remote = current_domain()->id;
	ret = event_alloc_unbound(d, remote, &a->alloc_unbound.port);
	domain_put(d);
	return ret;
}

static int op_bind_interdomain(union event_arg *a)
{
	struct domain *self = current_domain(), *remote;
	u16 domid = a->bind_interdomain.remote_dom;
	int ret;

	/* Any domain may be named: the remote port says who may bind to it. */
	remote = domain_find(domid == DOMID_SELF ? self->id : domid);
	if (!remote)
		return fail(ESRCH);
	ret = event_bind_interdomain(
		self, remote, a->bind_interdomain.remote_port, &a->bind_interdomain.local_port);
	domain_put(remote);
	return ret;
}

static int op_status(union event_arg *a)
{
	struct domain *d;
	int ret = hc_domain_get(a->status.dom, &d);

	if (ret)
		return ret;
	ret = event_status(d, a->status.port, &a->status);
	domain_put(d);
	return ret;
}

static int op_reset(union event_arg *a)
{
	struct domain *d;
	int ret = hc_domain_get(a->reset.dom, &d);

	if (ret)
		return ret;
	ret = event_reset(d);
	domain_put(d);
	return ret;
}

static const struct {
	int (*call)(union event_arg *a);
	u8 bytes;
	bool answers;
} ops[] = {
	[EVTCHNOP_send] = { op_send, sizeof(evtchn_send_t), false },
	[EVTCHNOP_unmask] = { op_unmask, sizeof(evtchn_unmask_t), false },
	[EVTCHNOP_close] = { op_close, sizeof(evtchn_close_t), false },
	[EVTCHNOP_bind_vcpu] = { op_bind_vcpu, sizeof(evtchn_bind_vcpu_t), false },
	[EVTCHNOP_bind_virq] = { op_bind_virq, sizeof(evtchn_bind_virq_t), true },
	[EVTCHNOP_bind_ipi] = { op_bind_ipi, sizeof(evtchn_bind_ipi_t), true },
	[EVTCHNOP_bind_pirq] = { op_bind_pirq, sizeof(evtchn_bind_pirq_t), true },
	[EVTCHNOP_alloc_unbound] = { op_alloc_unbound, sizeof(evtchn_alloc_unbound_t), true },
	[EVTCHNOP_bind_interdomain] = { op_bind_interdomain, sizeof(evtchn_bind_interdomain_t),
		true },
	[EVTCHNOP_status] = { op_status, sizeof(evtchn_status_t), true },
	[EVTCHNOP_reset] = { op_reset, sizeof(evtchn_reset_t), false },
};

static long event_op(u32 cmd, u64 addr)
{
	union event_arg a;
	int ret;

	if (cmd >= ARRAY_SIZE(ops))
		return hc_unknown(__HYPERVISOR_event_channel_op, cmd);
	cmd = (u32)bounded(cmd, ARRAY_SIZE(ops));
	if (guest_in_one(&a, addr, ops[cmd].bytes))
		return -EFAULT;
	ret = ops[cmd].call(&a);
	if (!ret && ops[cmd].answers && guest_out(addr, 0, &a, ops[cmd].bytes, 1))
		return -EFAULT;
	return ret;
}

long hc_event_channel_op(u32 cmd, GUEST_PTR(void) arg)
{
	evtchn_send_t send;
	long ret;

	/* Sending is most of all that guests ask for: no table, no copy of the largest. */
	if (cmd == EVTCHNOP_send)
		return guest_read(&send, arg) ? -EFAULT : event_send(current_domain(), send.port);
	ret = event_op(cmd, arg.addr);
	return ret == -ERESTART ? hc_restart(0) : ret;
}

long hc_event_channel_op_compat(GUEST_PTR(evtchn_op_t) op)
{
	u32 cmd;

	if (guest_in(&cmd, op.addr, 0, sizeof(cmd), 1))
		return -EFAULT;
	if (cmd == EVTCHNOP_reset)
		return hc_unknown(__HYPERVISOR_event_channel_op_compat, cmd);
	return event_op(cmd, op.addr + offsetof(evtchn_op_t, u));
}
