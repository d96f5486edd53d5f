// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User mode cannot do what the kernel can: its SYSCALL never is a hypercall, whatever the number
 * (PV-ABI fact 7); INT n faults without a DPL 3 handler; the hypervisor's range and the M2P are
 * unreadable from it.
 */
#include "test.h"

USER_CODE(user_bypass_m2p, "movq $0xffff800000000000, %rax; movq (%rax), %rax; int3");
USER_CODE(user_bypass_text, "movq $0xffff82d040200000, %rax; movq (%rax), %rax; int3");
USER_CODE(user_bypass_30, "movl $17, %eax; xorl %edi, %edi; int $0x30; int3");
USER_CODE(user_bypass_call, "movl $29, %eax; movl $2, %edi; xorl %esi, %esi; syscall; int3");

static int from(const u8 *code)
{
	struct user_regs regs = user_regs(code);
	int vector = TRAP(user_enter(&regs));

	upcalls_disable();
	return vector;
}

CHILD_TEST(user_kernel_bypass, "user mode has no way to a hypercall or to the hypervisor's memory")
{
	CHECK_EQ(from(user_bypass_m2p), TRAP_PF);
	fact("M2P", "#PF %lx", caught()->error);
	CHECK_EQ(caught()->cr2, HYPERVISOR_VIRT_START);
	CHECK_EQ(from(user_bypass_text), TRAP_PF);
	CHECK_EQ(caught()->error & 4, 4);
	CHECK_EQ(from(user_bypass_30), TRAP_GP);
	CHECK_EQ(from(user_bypass_call), ENTRY_SYSCALL);
	CHECK_EQ(caught()->rax, 29);
}
