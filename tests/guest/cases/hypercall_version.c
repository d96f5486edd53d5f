// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XENVER_version returns (major << 16) | minor; we are 4.17 (DESIGN 1). The instruction is SYSCALL
 * in kernel mode, and the registers that carry no argument survive it (PV-ABI fact 7).
 */
#include "test.h"

TEST(hypercall_version, "xen_version returns 4.17, other registers survive")
{
	u64 bx = 0x1111, r12, r15, r9;
	long version = __HYPERVISOR_xen_version;

	asm volatile("movq $0x2222, %%r12; movq $0x3333, %%r15; movq $0x4444, %%r9; syscall;"
		     "movq %%r12, %2; movq %%r15, %3; movq %%r9, %4"
		     : "+a"(version), "+b"(bx), "=m"(r12), "=m"(r15), "=m"(r9)
		     : "D"(XENVER_version), "S"(0)
		     : "rcx", "r11", "r12", "r15", "r9", "memory");
	fact("version", "%lx", version);
	CHECK_EQ(version, 4 << 16 | 17);
	CHECK_EQ(bx, 0x1111);
	CHECK_EQ(r12, 0x2222);
	CHECK_EQ(r15, 0x3333);
	CHECK_EQ(r9, 0x4444);
}
