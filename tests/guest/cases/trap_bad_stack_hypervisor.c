// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same with a kernel stack inside the hypervisor's range (SECURITY C7, xsa-215): if
 * stack_switch takes it at all, the bounce must not write there; the domain is crashed.
 */
#include "test.h"

USER_CODE(trap_bad_stack_hv_code, "ud2");

CRASH_TEST(trap_bad_stack_hypervisor, "a bounce frame never lands in the hypervisor")
{
	struct user_regs regs = user_regs(trap_bad_stack_hv_code);

	fact("stack_switch", "%ld",
		HC(stack_switch, FLAT_KERNEL_SS, HYPERVISOR_VIRT_START + 0x100000));
	user_enter(&regs);
}
