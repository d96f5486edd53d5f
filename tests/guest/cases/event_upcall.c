// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An event on a port bound to ourselves (PV-ABI fact 21): sending sets the pending bit, the
 * selector bit and evtchn_upcall_pending; the upcall comes on the way back from the hypercall when
 * the upcall mask is 0, and with the mask set by entry. A masked port stays pending without the
 * selector; EVTCHNOP_unmask raises it again.
 */
#include "test.h"

TEST(event_upcall, "an event sent to ourselves is delivered once, when unmasked")
{
	struct vcpu *v = vcpu_self();
	u32 other;
	long port = event_bind_self(&other);

	CHECK(port > 0);
	CHECK_EQ(event_send(other), 0);
	CHECK(event_pending(port));
	CHECK_EQ(v->info->evtchn_upcall_pending, 1);
	CHECK_EQ(v->info->evtchn_pending_sel, 1ul << (port / 64));
	CHECK_EQ(event_count[port], 0);
	v->upcalls = 0;
	upcalls_enable();
	upcalls_disable();
	CHECK_EQ(event_count[port], 1);
	CHECK_EQ(v->upcalls, 1);
	CHECK_EQ(v->info->evtchn_upcall_pending, 0);

	upcalls_enable();
	CHECK_EQ(event_send(other), 0);
	CHECK_EQ(event_count[port], 2);

	event_mask(port, true);
	CHECK_EQ(event_send(other), 0);
	CHECK_EQ(event_count[port], 2);
	CHECK(event_pending(port));
	CHECK_EQ(v->info->evtchn_pending_sel, 0);
	CHECK_EQ(event_unmask(port), 0);
	CHECK_EQ(event_count[port], 3);
	upcalls_disable();
	CHECK_EQ(v->upcalls, 3);
}
