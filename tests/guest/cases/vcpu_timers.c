// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timers: set_singleshot_timer in the past fires at once (the future flag may give ETIME instead,
 * but Xen 4.17 ignores it, as <xen/vcpu.h> allows); the periodic timer ticks until stopped, with a
 * shortest period; set_timer_op is the singleshot's old form; only the vcpu itself may set its
 * timers.
 */
#include "test.h"

static long shot(u64 at, u32 flags)
{
	struct vcpu_set_singleshot_timer t = { at, flags };

	return HC(vcpu_op, VCPUOP_set_singleshot_timer, 0, &t);
}

static u32 port;

static bool ticked(u32 count, u64 nanoseconds)
{
	u64 end = system_time() + nanoseconds;

	upcalls_enable();
	while (event_count[port] < count && system_time() < end)
		HC(sched_op, SCHEDOP_yield, NULL);
	upcalls_disable();
	return event_count[port] >= count;
}

TEST(vcpu_timers, "singleshot, periodic and their errors")
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	struct vcpu_set_periodic_timer period = { 5000000 };
	u64 start;

	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
	port = virq.port;
	event_mask(port, false);
	fact("past, future flag", "%ld", shot(1, VCPU_SSHOTTMR_future));
	CHECK_EQ(event_count[port], 0);
	HC(vcpu_op, VCPUOP_stop_singleshot_timer, 0, NULL);
	event_clear(port);
	event_count[port] = 0;
	CHECK_EQ(shot(1, 0), 0);
	CHECK(ticked(1, 100000000));
	start = system_time();
	CHECK_EQ(shot(start + 10000000, VCPU_SSHOTTMR_future), 0);
	CHECK(ticked(2, 500000000));
	CHECK(system_time() >= start + 10000000);
	CHECK_EQ(shot(system_time() + 20000000, 0), 0);
	CHECK_EQ(HC(vcpu_op, VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	CHECK(!ticked(3, 60000000));
	CHECK_EQ(HC(set_timer_op, system_time() + 5000000), 0);
	CHECK(ticked(3, 500000000));
	fact("set_timer_op 0", "%ld", HC(set_timer_op, 0));

	CHECK_EQ(HC(vcpu_op, VCPUOP_set_periodic_timer, 0, &period), 0);
	CHECK(ticked(6, 500000000));
	CHECK_EQ(HC(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL), 0);
	period.period_ns = 1000;
	fact("period of 1 us", "%ld", HC(vcpu_op, VCPUOP_set_periodic_timer, 0, &period));
	period.period_ns = ~0ul;
	fact("endless period", "%ld", HC(vcpu_op, VCPUOP_set_periodic_timer, 0, &period));
	CHECK_EQ(HC(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL), 0);
	fact("another vcpu's", "%ld", HC(vcpu_op, VCPUOP_set_periodic_timer, 1, &period));
	fact("bad pointer", "%ld", HC(vcpu_op, VCPUOP_set_singleshot_timer, 0, UNMAPPED));
}
