// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A trap in user mode is bounced to kernel_sp as stack_switch set it (PV-ABI facts 2, 4, 10): cs
 * keeps RPL 3 (0xe033), a page fault's code has the user bit, the frame below the top of the kernel
 * stack is aligned down to 16.
 */
#include "test.h"

USER_CODE(user_trap_read, "movq 0xffffffff80001000, %rax; hlt");
USER_CODE(user_trap_write, "movq $1, %rax; movq %rax, user_trap_read(%rip); hlt");
USER_CODE(user_trap_ud, "ud2");
USER_CODE(user_trap_hlt, "hlt");
USER_CODE(user_trap_int3, "int3");
USER_CODE(user_trap_divide, "xorl %edx, %edx; xorl %ecx, %ecx; divl %ecx");

static void expect(const char *what, const u8 *code, int vector)
{
	struct user_regs regs = user_regs(code);

	CHECK_EQ(TRAP(user_enter(&regs)), vector);
	upcalls_disable();
	fact("trap", "%s: %s error %lx cs %x ss %x mask %x", what, trap_name(vector),
		caught()->error, caught()->cs, caught()->ss, caught()->cs_high);
	CHECK_EQ(caught()->cs, FLAT_USER_CS);
	CHECK_EQ(caught()->cs_high & 0xff, 0);
}

TEST(user_trap, "traps from user mode: stack, selector, error code")
{
	expect("read of the kernel", user_trap_read, TRAP_PF);
	CHECK_EQ(caught()->error & 4, 4);
	CHECK_EQ(caught()->cr2, 0xffffffff80001000);
	CHECK_EQ(caught()->entry_sp, stack_top(&entry_stack[0]) - 64);
	expect("write to text", user_trap_write, TRAP_PF);
	CHECK_EQ(caught()->error, 7);
	expect("ud2", user_trap_ud, TRAP_UD);
	expect("hlt", user_trap_hlt, TRAP_GP);
	expect("int3", user_trap_int3, TRAP_BP);
	expect("divide", user_trap_divide, TRAP_DE);

	CHECK_EQ(HC(stack_switch, FLAT_KERNEL_SS, stack_top(&entry_stack[0]) - 9), 0);
	expect("odd stack", user_trap_ud, TRAP_UD);
	CHECK_EQ(caught()->entry_sp, stack_top(&entry_stack[0]) - 16 - 56);
}
