// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PV vcpu starts with a periodic timer of 10 ms that nobody asked for: the timer VIRQ ticks as
 * soon as it is bound, until VCPUOP_stop_periodic_timer (Linux stops it first of all).
 */
#include "test.h"

/* Ticks until there are MOST of them or the time is over: a busy machine loses some. */
static u32 ticks(u32 port, u32 most, u64 nanoseconds)
{
	event_count[port] = 0;
	upcalls_enable();
	for (u64 start = system_time();
		event_count[port] < most && system_time() - start < nanoseconds;)
		HC(sched_op, SCHEDOP_yield, NULL);
	upcalls_disable();
	return event_count[port];
}

static volatile u32 with, without;

static void body(void *argument)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 1 };

	trap_reset();
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
	event_mask(virq.port, false);
	with = ticks(virq.port, 4, 5000000000);
	CHECK_EQ(HC(vcpu_op, VCPUOP_stop_periodic_timer, 1, NULL), 0);
	without = ticks(virq.port, 4, 100000000);
}

CHILD_TEST(vcpu_periodic_default, "the periodic timer runs from the start")
{
	CHECK_EQ(vcpu_start(1, body, NULL), 0);
	CHECK(vcpu_wait(1, 10));
	fact("ticks", "%s", with > 3 ? "yes" : "no");
	fact("ticks after the stop", "%s", without > 1 ? "yes" : "no");
	CHECK(without <= 1);
}
