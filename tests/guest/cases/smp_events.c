// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events between the vcpus of a domain: an IPI port wakes a blocked vcpu, an interdomain port moved
 * by EVTCHNOP_bind_vcpu is delivered on its new vcpu only, with that vcpu's selector.
 */
#include "test.h"

static volatile u32 ipi_port, got_ipi, got_moved, moved_port, ready;

static void other(void *argument)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 1 };

	trap_reset();
	HC(vcpu_op, VCPUOP_stop_periodic_timer, 1, NULL);
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_ipi, &ipi), 0);
	ipi_port = ipi.port;
	event_mask(ipi.port, false);
	ready = 1;
	while (!event_count[ipi.port]) {
		HC(sched_op, SCHEDOP_block, NULL);
		upcalls_disable();
	}
	got_ipi = 1;
	while (!event_count[moved_port]) {
		HC(sched_op, SCHEDOP_block, NULL);
		upcalls_disable();
	}
	got_moved = vcpu_self()->upcalls;
}

static void wait_for(volatile u32 *what)
{
	u64 start = 0;

	while (!*what)
		CHECK(still_waiting(&start, 5));
}

CHILD_TEST(smp_events, "IPIs and ports moved between vcpus")
{
	struct evtchn_bind_vcpu move = { .vcpu = 1 };
	struct evtchn_status status;
	u32 sender, upcalls = vcpu_self()->upcalls;

	move.port = moved_port = event_bind_self(&sender);
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_vcpu, &move), 0);
	CHECK_EQ(vcpu_start(1, other, NULL), 0);
	wait_for(&ready);
	CHECK_EQ(event_status(ipi_port, &status), 0);
	CHECK_EQ(status.vcpu, 1);
	sleep_ms(20);
	CHECK_EQ(event_send(ipi_port), 0);
	wait_for(&got_ipi);
	sleep_ms(20);
	CHECK_EQ(event_send(sender), 0);
	wait_for(&got_moved);
	fact("upcalls here, there", "%u %u", vcpu_self()->upcalls - upcalls, got_moved);
	CHECK_EQ(vcpu_self()->upcalls, upcalls);
	CHECK(vcpu_wait(1, 5));
}
