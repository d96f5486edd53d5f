// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two GS bases per vcpu, swapped at each change of mode (PV-ABI fact 12): set_segment_base
 * GS_KERNEL sets the kernel's own, GS_USER the one that user mode gets; FS is one for both. SWAPGS
 * is a privileged instruction that faults.
 */
#include "test.h"

USER_CODE(user_gs_code,
	"movq %gs:8, %rdi; movq %fs:8, %rsi; movq $0x99, %rax; movq %rax, %gs:16; int3");

TEST(user_gs_base, "GS bases follow the mode")
{
	static u64 kernel_area[4];
	struct user_regs regs = user_regs(user_gs_code);
	u64 value;

	kernel_area[1] = 0x1111;
	user_data()[1] = 0x2222;
	CHECK_EQ(HC(set_segment_base, SEGBASE_GS_KERNEL, kernel_area), 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_GS_USER, USER_DATA), 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_FS, USER_DATA), 0);
	asm volatile("movq %%gs:8, %0" : "=r"(value));
	CHECK_EQ(value, 0x1111);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
		upcalls_disable();
		CHECK_EQ(caught()->rdi, 0x2222);
		CHECK_EQ(caught()->rsi, 0x2222);
		CHECK_EQ(user_data()[2], 0x99);
		asm volatile("movq %%gs:8, %0" : "=r"(value));
		CHECK_EQ(value, 0x1111);
	}
	CHECK_EQ(TRAP(asm volatile("swapgs")), TRAP_GP);
	asm volatile("movq %%gs:8, %0" : "=r"(value));
	CHECK_EQ(value, 0x1111);

	fact("which 4", "%ld", HC(set_segment_base, 4, 0));
	fact("user selector 0", "%ld", HC(set_segment_base, SEGBASE_GS_USER_SEL, 0));
	fact("user selector without descriptor", "%ld",
		HC(set_segment_base, SEGBASE_GS_USER_SEL, 0x1003));
	fact("non-canonical GS_KERNEL", "%ld",
		HC(set_segment_base, SEGBASE_GS_KERNEL, NON_CANONICAL));
	fact("non-canonical GS_USER", "%ld", HC(set_segment_base, SEGBASE_GS_USER, NON_CANONICAL));
	fact("non-canonical FS", "%ld", HC(set_segment_base, SEGBASE_FS, NON_CANONICAL));
	fact("hypervisor's FS", "%ld", HC(set_segment_base, SEGBASE_FS, HYPERVISOR_VIRT_START));
	CHECK_EQ(HC(set_segment_base, SEGBASE_GS_KERNEL, 0), 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_FS, 0), 0);
}
