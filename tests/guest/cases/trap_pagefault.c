// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * #PF: the address is in vcpu_info.arch.cr2 before the bounce and the error code is in the frame.
 * Though the guest kernel runs in ring 3, the user bit (4) of the code is clear for it (PV-ABI fact
 * 10). The frame is 8 bytes longer, so that rsp on entry is 64 below the aligned stack pointer.
 */
#include "test.h"

static u64 before;

static void touch(u64 address, bool write)
{
	before = stack_pointer();
	if (write)
		*(volatile u64 *)address = 1;
	else
		(void)*(volatile u64 *)address;
}

TEST(trap_pagefault, "page faults: cr2, error code, frame length")
{
	u64 *page = page_alloc();
	u64 va = (u64)page;

	CHECK_EQ(TRAP(touch(UNMAPPED + 0x123, false)), TRAP_PF);
	CHECK_EQ(caught()->cr2, UNMAPPED + 0x123);
	fact("read, not present", "%lx", caught()->error);
	CHECK_EQ(caught()->error, 0);
	CHECK_EQ(caught()->entry_sp, (caught()->rsp & ~15ul) - 64);

	CHECK_EQ(TRAP(touch(UNMAPPED + 8, true)), TRAP_PF);
	fact("write, not present", "%lx", caught()->error);
	CHECK_EQ(caught()->error, 2);

	CHECK_EQ(page_set_flags(page, PTE_RO), 0);
	CHECK_EQ(TRAP(touch(va, true)), TRAP_PF);
	CHECK_EQ(caught()->cr2, va);
	fact("write, read-only", "%lx", caught()->error);
	CHECK_EQ(caught()->error, 3);

	CHECK_EQ(page_set_flags(page, PTE_RW_DATA | PTE_NX), 0);
	CHECK_EQ(TRAP(((void (*)(void))page)()), TRAP_PF);
	fact("fetch, no execute", "%lx", caught()->error);
	CHECK_EQ(caught()->error, 0x11);
	CHECK_EQ(caught()->cr2, va);
	CHECK_EQ(caught()->rip, va);

	CHECK_EQ(TRAP(touch(HYPERVISOR_VIRT_END - 8, false)), TRAP_PF);
	fact("hypervisor's range", "%lx", caught()->error);
	CHECK_EQ(caught()->cr2, HYPERVISOR_VIRT_END - 8);
}
