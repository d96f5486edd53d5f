// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fault while the bounce frame is written crashes the domain (PV-ABI fact 4): here a trap in user
 * mode with kernel_sp in unmapped memory.
 */
#include "test.h"

USER_CODE(trap_bad_stack_code, "ud2");

CRASH_TEST(trap_bad_stack, "a trap that cannot be bounced crashes the domain")
{
	struct user_regs regs = user_regs(trap_bad_stack_code);

	CHECK_EQ(HC(stack_switch, FLAT_KERNEL_SS, UNMAPPED + 0x800), 0);
	user_enter(&regs);
}
