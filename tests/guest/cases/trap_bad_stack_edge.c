// SPDX-License-Identifier: GPL-2.0-or-later
/* The same with kernel_sp just above the hypervisor's range, so that the frame would straddle its
 * end (xsa-215). */
#include "test.h"

USER_CODE(trap_bad_stack_edge_code, "ud2");

CRASH_TEST(trap_bad_stack_edge, "a bounce frame does not straddle the hypervisor's end")
{
	struct user_regs regs = user_regs(trap_bad_stack_edge_code);

	CHECK_EQ(
		map_page(HYPERVISOR_VIRT_END, MAKE_PTE(virt_to_mfn(page_alloc()), PTE_RW_DATA)), 0);
	fact("stack_switch", "%ld", HC(stack_switch, FLAT_KERNEL_SS, HYPERVISOR_VIRT_END + 0x10));
	user_enter(&regs);
}
