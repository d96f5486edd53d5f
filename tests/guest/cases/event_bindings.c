// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each way to get a port (<xen/event_channel.h>), what EVTCHNOP_status tells of it, and what is
 * refused: unknown domains, ports that are not unbound, a VIRQ bound twice, vcpus that do not
 * exist. A closed port is free again.
 */
#include "test.h"

static void status(const char *what, u32 port)
{
	struct evtchn_status s;
	long error = event_status(port, &s);

	fact("status", "%s: %ld, %u, vcpu %u", what, error, s.status, s.vcpu);
}

static long unbound(u16 dom, u16 remote, u32 *port)
{
	struct evtchn_alloc_unbound a = { .dom = dom, .remote_dom = remote };
	long error = HC(event_channel_op, EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return error;
}

static long interdomain(u16 remote, u32 port, u32 *local)
{
	struct evtchn_bind_interdomain b = { .remote_dom = remote, .remote_port = port };
	long error = HC(event_channel_op, EVTCHNOP_bind_interdomain, &b);

	*local = b.local_port;
	return error;
}

static long virq(u32 number, u32 vcpu, u32 *port)
{
	struct evtchn_bind_virq b = { .virq = number, .vcpu = vcpu };
	long error = HC(event_channel_op, EVTCHNOP_bind_virq, &b);

	*port = b.port;
	return error;
}

static long ipi(u32 vcpu, u32 *port)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };
	long error = HC(event_channel_op, EVTCHNOP_bind_ipi, &b);

	*port = b.port;
	return error;
}

static void interdomain_pair(void)
{
	u32 port, local, again, scrap;

	CHECK_EQ(unbound(DOMID_SELF, DOMID_SELF, &port), 0);
	status("unbound", port);
	fact("send on an unbound port", "%ld", event_send(port));
	CHECK_EQ(interdomain(DOMID_SELF, port, &local), 0);
	fact("the binder's port is pending", "%d", event_pending(local));
	status("interdomain", port);
	fact("bind it twice", "%ld", interdomain(DOMID_SELF, port, &scrap));
	CHECK_EQ(event_close(local), 0);
	status("after the other end closed", port);
	CHECK_EQ(event_close(port), 0);
	status("closed", port);
	fact("close twice", "%ld", event_close(port));
	fact("send on it", "%ld", event_send(port));
	CHECK_EQ(unbound(DOMID_SELF, DOMID_SELF, &again), 0);
	fact("a closed port is given again", "%d", again == port || again == local);
	fact("unbound for nobody", "%ld", unbound(DOMID_SELF, 999, &scrap));
	fact("unbound in no domain", "%ld", unbound(999, DOMID_SELF, &scrap));
	fact("bind to no domain", "%ld", interdomain(999, port, &scrap));
	fact("bind to port 0", "%ld", interdomain(DOMID_SELF, 0, &scrap));
	fact("bind to port 4096", "%ld", interdomain(DOMID_SELF, 4096, &scrap));
	fact("bind to port 2^32-1", "%ld", interdomain(DOMID_SELF, ~0u, &scrap));
}

static void virqs_and_ipis(void)
{
	struct evtchn_bind_vcpu move = { 0 };
	u32 port, timer, scrap;

	CHECK_EQ(virq(VIRQ_TIMER, 0, &timer), 0);
	status("timer", timer);
	fact("the same again", "%ld", virq(VIRQ_TIMER, 0, &scrap));
	fact("on vcpu 99", "%ld", virq(VIRQ_TIMER, 99, &scrap));
	fact("number 24", "%ld", virq(24, 0, &scrap));
	fact("number 2^31", "%ld", virq(1u << 31, 0, &scrap));
	fact("global one on vcpu 1", "%ld", virq(VIRQ_CONSOLE, 1, &scrap));
	CHECK_EQ(ipi(0, &port), 0);
	status("ipi", port);
	CHECK_EQ(event_send(port), 0);
	CHECK(event_pending(port));
	fact("ipi to vcpu 99", "%ld", ipi(99, &scrap));
	fact("send to a virq port", "%ld", event_send(timer));
	move.port = port;
	move.vcpu = 1;
	fact("move an ipi", "%ld", HC(event_channel_op, EVTCHNOP_bind_vcpu, &move));
	move.port = timer;
	fact("move the timer", "%ld", HC(event_channel_op, EVTCHNOP_bind_vcpu, &move));
	CHECK_EQ(unbound(DOMID_SELF, DOMID_SELF, &move.port), 0);
	fact("move an unbound port", "%ld", HC(event_channel_op, EVTCHNOP_bind_vcpu, &move));
	status("moved", move.port);
	move.vcpu = 99;
	fact("move to vcpu 99", "%ld", HC(event_channel_op, EVTCHNOP_bind_vcpu, &move));
}

TEST(event_bindings, "all bindings, their status and refusals")
{
	struct evtchn_status s = { .dom = 999, .port = 1 };

	interdomain_pair();
	virqs_and_ipis();
	fact("status of no domain", "%ld", HC(event_channel_op, EVTCHNOP_status, &s));
	fact("status of port 4096", "%ld", event_status(4096, &s));
	fact("unmask of port 4096", "%ld", event_unmask(4096));
	fact("close of port 0", "%ld", event_close(0));
	fact("send to port 0", "%ld", event_send(0));
	fact("unknown operation", "%ld", HC(event_channel_op, 99, &s));
	fact("bad pointer", "%ld", HC(event_channel_op, EVTCHNOP_send, UNMAPPED));
	fact("hypervisor's pointer", "%ld",
		HC(event_channel_op, EVTCHNOP_send, HYPERVISOR_VIRT_START));
	fact("pirq 9999", "%ld",
		HC(event_channel_op, EVTCHNOP_bind_pirq,
			&((struct evtchn_bind_pirq){ 9999, 0, 0 })));
}
