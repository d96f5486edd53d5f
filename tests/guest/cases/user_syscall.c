// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SYSCALL in user mode enters the syscall callback (PV-ABI facts 4, 6, 7): a frame without error
 * code on kernel_sp, rcx and r11 as SYSCALL left them (next instruction and flags), all else
 * untouched. cs and ss in the frame are the flat 0xe033 and 0xe02b whatever the user had. The
 * upcall mask is set on entry only when the callback was registered with CALLBACKF_mask_events.
 */
#include "test.h"

USER_CODE(user_syscall_code, "movq $0x77, %rax; syscall; user_syscall_end: hlt");
extern const u8 user_syscall_end[];

static void once(unsigned int flags)
{
	struct callback_register r = { CALLBACKTYPE_syscall, flags, (u64)syscall_entry };
	struct user_regs regs = user_regs(user_syscall_code);

	CHECK_EQ(HC(callback_op, CALLBACKOP_register, &r), 0);
	regs.rdi = 0x1111;
	regs.rsi = 0x2222;
	regs.rdx = 0x3333;
	regs.r10 = 0x4444;
	regs.r8 = 0x5555;
	CHECK_EQ(TRAP(user_enter(&regs)), ENTRY_SYSCALL);
	upcalls_disable();
	CHECK_EQ(caught()->rax, 0x77);
	CHECK_EQ(caught()->rdi, 0x1111);
	CHECK_EQ(caught()->rsi, 0x2222);
	CHECK_EQ(caught()->rdx, 0x3333);
	CHECK_EQ(caught()->r10, 0x4444);
	CHECK_EQ(caught()->r8, 0x5555);
	CHECK_EQ(caught()->rip, user_address(user_syscall_end));
	CHECK_EQ(caught()->rcx, user_address(user_syscall_end));
	CHECK_EQ(caught()->r11, caught()->rflags);
	CHECK_EQ(caught()->rsp, USER_STACK_TOP);
	CHECK_EQ(caught()->entry_sp, stack_top(&entry_stack[0]) - 56);
	fact("cs ss", "%x %x", caught()->cs, caught()->ss);
	fact("rflags", "%lx", caught()->rflags);
	fact("saved mask, mask", "%x %x", caught()->cs_high & 0xff, caught()->mask);
	CHECK_EQ(caught()->mask, flags ? 1 : 0);
}

TEST(user_syscall, "syscall from user mode: frame, registers, upcall mask")
{
	once(CALLBACKF_mask_events);
	once(0);
}
