// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FIFO event channels are optional for a guest, but the errors matter (PV-ABI fact 22):
 * expand_array before init_control, init_control with a bad frame is EINVAL (xsa-188) and the
 * two-level ABI goes on working afterwards.
 */
#include "test.h"

TEST(event_fifo, "FIFO control: errors, and two-level still works")
{
	struct evtchn_expand_array expand = { .array_gfn = ~0ul };
	struct evtchn_init_control init = { .control_gfn = ~0ul, .offset = 0, .vcpu = 0 };
	struct evtchn_set_priority priority = { .port = 1, .priority = 3 };
	u32 other;
	long port;

	fact("expand_array first", "%ld", HC(event_channel_op, EVTCHNOP_expand_array, &expand));
	fact("init_control, bad frame", "%ld", HC(event_channel_op, EVTCHNOP_init_control, &init));
	init.vcpu = 99;
	fact("init_control, bad vcpu", "%ld", HC(event_channel_op, EVTCHNOP_init_control, &init));
	init = (struct evtchn_init_control){ .control_gfn = virt_to_mfn(page_alloc()),
		.offset = 4092 };
	fact("init_control, past the page", "%ld",
		HC(event_channel_op, EVTCHNOP_init_control, &init));
	init.offset = 4;
	fact("init_control, misaligned", "%ld", HC(event_channel_op, EVTCHNOP_init_control, &init));
	fact("set_priority", "%ld", HC(event_channel_op, EVTCHNOP_set_priority, &priority));
	port = event_bind_self(&other);
	CHECK(port > 0);
	upcalls_enable();
	CHECK_EQ(event_send(other), 0);
	upcalls_disable();
	CHECK_EQ(event_count[port], 1);
}
