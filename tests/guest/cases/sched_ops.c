// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sched_op: yield returns 0; block with a pending event comes back at once with the upcall mask
 * cleared (PV-ABI fact 21); poll returns when a port is pending or at the timeout (absolute system
 * time); errors of the others.
 */
#include "test.h"

static long poll(evtchn_port_t *ports, unsigned int n, u64 timeout)
{
	struct sched_poll p = { .nr_ports = n, .timeout = timeout };

	set_xen_guest_handle(p.ports, ports);
	return HC(sched_op, SCHEDOP_poll, &p);
}

static void polling(void)
{
	evtchn_port_t ports[2] = { 0 };
	u32 other;
	long port = event_bind_self(&other);
	u64 start;

	CHECK(port > 0);
	ports[0] = port;
	event_mask(port, true);
	CHECK_EQ(event_send(other), 0);
	fact("poll, pending", "%ld", poll(ports, 1, 0));
	event_clear(port);
	start = system_time();
	fact("poll, timeout", "%ld", poll(ports, 1, start + 20000000));
	CHECK(system_time() - start >= 20000000);
	fact("poll, timeout in the past", "%ld", poll(ports, 1, 1));
	fact("poll, no ports", "%ld", poll(ports, 0, start + 40000000));
	fact("poll, 129 ports", "%ld", poll(ports, 129, 1));
	ports[0] = 1000000;
	fact("poll, port beyond all", "%ld", poll(ports, 1, 1));
	ports[0] = 4095;
	fact("poll, closed port", "%ld", poll(ports, 1, 1));
	fact("poll, bad array", "%ld", poll((void *)UNMAPPED, 1, 1));
	fact("poll, hypervisor's array", "%ld", poll((void *)HYPERVISOR_VIRT_START, 1, 1));
}

TEST(sched_ops, "yield, block, poll and errors")
{
	struct vcpu *v = vcpu_self();
	struct vcpu_set_singleshot_timer timer = { 0 };
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	struct sched_watchdog dog = { .id = 99, .timeout = 1 };
	u32 other;
	long port = event_bind_self(&other);

	fact("yield", "%ld", HC(sched_op, SCHEDOP_yield, NULL));
	fact("unknown", "%ld", HC(sched_op, 99, NULL));
	fact("shutdown, bad pointer", "%ld", HC(sched_op, SCHEDOP_shutdown, UNMAPPED));
	fact("remote_shutdown of nobody", "%ld",
		HC(sched_op, SCHEDOP_remote_shutdown, &((struct sched_remote_shutdown){ 999, 0 })));
	fact("remote_shutdown of oneself", "%ld",
		HC(sched_op, SCHEDOP_remote_shutdown,
			&((struct sched_remote_shutdown){ DOMID_SELF, 0 })));
	fact("watchdog 99", "%ld", HC(sched_op, SCHEDOP_watchdog, &dog));

	CHECK_EQ(event_send(other), 0);
	CHECK_EQ(v->info->evtchn_upcall_mask, 1);
	fact("block, pending", "%ld", HC(sched_op, SCHEDOP_block, NULL));
	CHECK_EQ(v->info->evtchn_upcall_mask, 0);
	CHECK_EQ(event_count[port], 1);
	upcalls_disable();

	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
	event_mask(virq.port, false);
	timer.timeout_abs_ns = system_time() + 10000000;
	CHECK_EQ(HC(vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer), 0);
	CHECK_EQ(HC(sched_op, SCHEDOP_block, NULL), 0);
	upcalls_disable();
	CHECK(system_time() >= timer.timeout_abs_ns);
	CHECK(event_count[virq.port] >= 1);
	polling();
}
