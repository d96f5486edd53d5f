// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INT n (PV-ABI fact 9, xsa-259): the guest's trap_info DPL decides who may: 0 nobody, 1 and 2 the
 * kernel, 3 all. Then the frame has no error code and rip is behind the two bytes. Without
 * permission it is #GP at the instruction (hardware's code is n * 8 + 2; QEMU 7.2 says n * 16 + 2,
 * which a hypervisor that trusts it takes for vector 2n: so 0x82 is given the same handler as 0x41,
 * and the code is no fact). INT 0x80 is a gate of its own, and Xen looks only at whether the guest
 * has a handler for it, not at the DPL.
 */
#include "test.h"

USER_CODE(user_int_80, "int $0x80; ud2");
USER_CODE(user_int_41, "int $0x41; ud2");

static void by_dpl(int vector, int dpl)
{
	struct trap_info table[3] = {
		{ vector, 4 | dpl, FLAT_KERNEL_CS, (u64)trap_entries + 16 * vector },
		{ 0x82, 4 | dpl, FLAT_KERNEL_CS, (u64)trap_entries + 16 * vector },
	};
	const u8 *code = vector == 0x80 ? user_int_80 : user_int_41;
	struct user_regs regs = user_regs(code);
	int kernel, user;
	u64 step;

	CHECK_EQ(HC(set_trap_table, table), 0);
	if (vector == 0x80)
		kernel = TRAP(asm volatile("int $0x80"));
	else
		kernel = TRAP(asm volatile("int $0x41"));
	user = TRAP(user_enter(&regs));
	upcalls_disable();
	step = caught()->rip - user_address(code);
	fact("int", "%x DPL %d: kernel %s, user %s, user's rip + %lu", vector, dpl,
		kernel == vector ? "entered" : trap_name(kernel),
		user == vector ? "entered" : trap_name(user), step);
	if (vector != 0x80 || dpl == 3) {
		CHECK_EQ(kernel, dpl ? vector : TRAP_GP);
		CHECK_EQ(user, dpl == 3 ? vector : TRAP_GP);
		CHECK_EQ(step, dpl == 3 ? 2 : 0);
	}
}

TEST(user_int_n, "int 0x41 and 0x80 by DPL from kernel and from user mode")
{
	for (int dpl = 0; dpl < 4; dpl++)
		by_dpl(0x41, dpl);
	for (int dpl = 0; dpl < 4; dpl++)
		by_dpl(0x80, dpl);
}
