// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VCPUOP_send_nmi delivers to the NMI callback (callback_op CALLBACKTYPE_nmi or nmi_op), also while
 * upcalls are masked; the frame has no error code. Without a callback it stays pending until one is
 * registered.
 */
#include "test.h"

static u32 seen;
static u16 cs;

static bool hook(struct trap *trap)
{
	if (trap->vector != ENTRY_NMI)
		return false;
	seen++;
	cs = trap->cs;
	return true;
}

CHILD_TEST(trap_nmi, "an NMI to oneself")
{
	struct callback_unregister none = { .type = CALLBACKTYPE_nmi };
	struct callback_register with = { CALLBACKTYPE_nmi, 0, (u64)nmi_entry };
	struct xennmi_callback old = { .handler_address = (u64)nmi_entry };

	trap_set_hook(hook);
	CHECK_EQ(HC(callback_op, CALLBACKOP_register, &with), 0);
	fact("send", "%ld", HC(vcpu_op, VCPUOP_send_nmi, 0, NULL));
	fact("seen", "%u", seen);
	fact("cs", "%x", cs);
	CHECK_EQ(seen, 1);
	fact("unregister", "%ld", HC(callback_op, CALLBACKOP_unregister, &none));
	fact("send", "%ld", HC(vcpu_op, VCPUOP_send_nmi, 0, NULL));
	fact("seen", "%u", seen);
	fact("nmi_op register", "%ld", HC(nmi_op, XENNMI_register_callback, &old));
	HC(sched_op, SCHEDOP_yield, NULL);
	fact("seen", "%u", seen);
	fact("nmi_op unregister", "%ld", HC(nmi_op, XENNMI_unregister_callback, NULL));
	fact("nmi_op unknown", "%ld", HC(nmi_op, 99, NULL));
}
