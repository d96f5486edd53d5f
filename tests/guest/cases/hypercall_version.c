// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XENVER_version returns (major << 16) | minor; we are 4.17 (DESIGN 1). The instruction is SYSCALL
 * in kernel mode and the registers that carry no argument survive it: rbx, rbp, r12 to r15 (PV-ABI
 * fact 7).
 */
#include "test.h"

TEST(hypercall_version, "xen_version returns 4.17, other registers survive")
{
	u64 bx = 0x1111, r12 = 0x2222;
	long version = __HYPERVISOR_xen_version;

	asm volatile("movq $0x5a5a5a5a, %%r15; syscall; movq %%r15, %%r12"
		     : "+a"(version), "+b"(bx), "=r"(r12)
		     : "D"(XENVER_version), "S"(0)
		     : "rcx", "r11", "r12", "r15", "memory");
	fact("version", "%lx", version);
	CHECK_EQ(version, 4 << 16 | 17);
	CHECK_EQ(bx, 0x1111);
}
