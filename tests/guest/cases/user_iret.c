// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the iret hypercall does with its frame when it goes to user mode (PV-ABI fact 5): RPL of cs
 * becomes 3 whatever it was and so do those of ss; IOPL and VM are dropped, IF becomes the upcall
 * mask, the other flags are loaded; rax always comes from the frame, rcx and r11 only when
 * VGCF_in_syscall (bit 8) is clear.
 */
#include "test.h"

USER_CODE(user_iret_flags, "movl %cs, %edi; movl %ss, %esi; pushfq; popq %rdx; int3");
USER_CODE(user_iret_regs, "movq %rcx, %rdi; movq %r11, %rsi; movq %rax, %rdx; int3");

static void flags(const char *what, u64 wanted, u64 cs, u64 ss)
{
	struct user_regs regs = user_regs(user_iret_flags);

	regs.iret.rflags = wanted;
	regs.iret.cs = cs;
	regs.iret.ss = ss;
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
	fact("loaded", "%s: cs %lx ss %lx flags %lx, frame %lx, saved mask %x", what, caught()->rdi,
		caught()->rsi, caught()->rdx, caught()->rflags, caught()->cs_high & 0xff);
}

TEST(user_iret, "iret to user mode: selectors, flags, rcx and r11")
{
	struct user_regs regs;

	flags("plain", FLAG_IF, FLAT_USER_CS, FLAT_USER_SS);
	CHECK_EQ(caught()->rdi, 0xe033);
	CHECK_EQ(caught()->cs_high & 0xff, 0);
	flags("IF clear", 0, FLAT_USER_CS, FLAT_USER_SS);
	CHECK_EQ(caught()->rdx & FLAG_IF, FLAG_IF);
	CHECK_EQ(caught()->cs_high & 0xff, 1);
	flags("IOPL 3, NT, AC", FLAG_IF | FLAG_IOPL | FLAG_NT | FLAG_AC, FLAT_USER_CS,
		FLAT_USER_SS);
	CHECK_EQ(caught()->rdx & FLAG_IOPL, 0);
	flags("arithmetic flags", FLAG_IF | 0xd5 | 0x800, FLAT_USER_CS, FLAT_USER_SS);
	CHECK_EQ(caught()->rdx & 0x8d5, 0x8d5);
	flags("VM", FLAG_IF | 1ul << 17, FLAT_USER_CS, FLAT_USER_SS);
	flags("all high bits", FLAG_IF | 0xffffffff00000000, FLAT_USER_CS, FLAT_USER_SS);
	flags("stack RPL 0", FLAG_IF, FLAT_USER_CS, FLAT_USER_SS & ~3);

	regs = user_regs(user_iret_regs);
	regs.iret.rcx = 0x1111;
	regs.iret.r11 = 0x2222;
	regs.iret.rax = 0x3333;
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
	CHECK_EQ(caught()->rdi, 0x1111);
	CHECK_EQ(caught()->rsi, 0x2222);
	CHECK_EQ(caught()->rdx, 0x3333);

	regs.iret.flags = VGCF_in_syscall;
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
	CHECK_EQ(caught()->rdx, 0x3333);
	fact("in_syscall: rcx is the target", "%d", caught()->rdi == regs.iret.rip);
	fact("in_syscall: r11", "%lx", caught()->rsi);
}
