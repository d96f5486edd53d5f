// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SYSCALL from 32-bit user code (cs 0xe023) enters the syscall32 callback (PV-ABI fact 6) with cs
 * 0xe023 in the frame; from such code the 64-bit syscall callback is never entered.
 */
#include "test.h"

USER_CODE(user_syscall32_code, ".code32; movl $0x66, %eax; syscall; ud2; .code64");

TEST(user_syscall32, "syscall from 32-bit user code")
{
	struct user_regs regs = user_regs(user_syscall32_code);
	int vector;

	regs.iret.cs = FLAT_USER_CS32;
	regs.iret.ss = FLAT_USER_SS32;
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	fact("entry", "%s, cs %x ss %x, rax %lx, rip + %lu", trap_name(vector), caught()->cs,
		caught()->ss, caught()->rax, caught()->rip - user_address(user_syscall32_code));
	CHECK(vector == ENTRY_SYSCALL32 || vector == TRAP_UD);
}
