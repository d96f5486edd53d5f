// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SYSENTER in user mode (PV-ABI fact 6, xsa-339): with the callback registered it arrives there;
 * without one (address 0; unregistering is EINVAL) it is a plain #GP or #UD, injected once, and the
 * guest goes on. So is SYSENTER in kernel mode.
 */
#include "test.h"

USER_CODE(user_sysenter_code, "sysenter; ud2");

TEST(user_sysenter, "sysenter with and without a callback")
{
	struct callback_unregister none = { .type = CALLBACKTYPE_sysenter };
	struct callback_register with = { CALLBACKTYPE_sysenter, CALLBACKF_mask_events,
		(u64)sysenter_entry };
	struct user_regs regs = user_regs(user_sysenter_code);
	struct callback_register zero = { CALLBACKTYPE_sysenter, 0, 0 };
	int vector;

	fact("unregister", "%ld", HC(callback_op, CALLBACKOP_unregister, &none));
	CHECK_EQ(HC(callback_op, CALLBACKOP_register, &zero), 0);
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	fact("user, no callback", "%s cs %x error %lx", trap_name(vector), caught()->cs,
		caught()->error);
	CHECK(vector == TRAP_GP || vector == TRAP_UD);

	fact("register", "%ld", HC(callback_op, CALLBACKOP_register, &with));
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	fact("user, callback", "%s cs %x ss %x", trap_name(vector), caught()->cs, caught()->ss);

	vector = TRAP(asm volatile("sysenter"));
	upcalls_disable();
	fact("kernel", "%s", trap_name(vector));
	CHECK(vector != NO_TRAP);
}
