// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Corners of the two-level ABI (PV-ABI fact 21): a second send while pending adds nothing; a
 * pending port whose mask the guest clears itself gives no upcall (the edge was lost) until
 * EVTCHNOP_unmask; the upcall is not repeated while the selector is not looked at; an upcall cannot
 * nest while the mask set by entry stands.
 */
#include "test.h"

static u32 nested;

static bool leave_pending(struct trap *trap)
{
	if (trap->vector != ENTRY_EVENT)
		return false;
	CHECK_EQ(trap->mask, 1);
	vcpu_self()->info->evtchn_upcall_pending = 0;
	vcpu_self()->upcalls++;
	nested++;
	HC(xen_version, XENVER_version, NULL);
	nested--;
	CHECK_EQ(nested, 0);
	return true;
}

TEST(event_masked_pending, "edges, masks and the selector")
{
	struct vcpu *v = vcpu_self();
	u32 other;
	long port = event_bind_self(&other);

	CHECK(port > 0);
	v->upcalls = 0;
	trap_set_hook(leave_pending);
	upcalls_enable();
	CHECK_EQ(event_send(other), 0);
	CHECK_EQ(v->upcalls, 1);
	CHECK_EQ(event_send(other), 0);
	fact("upcalls after a second send while pending", "%u", v->upcalls);
	event_clear(port);
	v->info->evtchn_pending_sel = 0;
	CHECK_EQ(event_send(other), 0);
	fact("after clearing and sending", "%u", v->upcalls);

	event_clear(port);
	v->info->evtchn_pending_sel = 0;
	event_mask(port, true);
	CHECK_EQ(event_send(other), 0);
	event_mask(port, false);
	HC(xen_version, XENVER_version, NULL);
	fact("after the guest cleared the mask itself", "%u", v->upcalls);
	event_mask(port, true);
	CHECK_EQ(event_unmask(port), 0);
	fact("after unmask", "%u", v->upcalls);
	event_clear(port);
	v->info->evtchn_pending_sel = 0;
	event_mask(port, true);
	CHECK_EQ(event_unmask(port), 0);
	fact("unmask of a port that is not pending", "%u", v->upcalls);
	upcalls_disable();
}
