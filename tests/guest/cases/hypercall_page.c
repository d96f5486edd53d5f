// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hypercall page that the ELF note names is filled by the domain builder (PV-ABI fact 8):
 * 32-byte stubs, slot n at n * 32, which are called with the arguments in registers; slot 23 (iret)
 * pushes rcx, r11 and rax first.
 */
#include "test.h"

extern u8 hypercall_page[];

TEST(hypercall_page, "the stubs of the hypercall page")
{
	long result;

	for (int slot = 0; slot < 56; slot++)
		CHECK(hypercall_page[slot * 32] != 0xcc);
	asm volatile(
		"call *%1"
		: "=a"(result)
		: "r"(hypercall_page + 32 * __HYPERVISOR_xen_version), "D"(XENVER_version), "S"(0)
		: "rcx", "r11", "memory");
	CHECK_EQ(result, 4 << 16 | 17);
	asm volatile("call *%1"
		     : "=a"(result)
		     : "r"(hypercall_page + 32 * 63), "D"(0), "S"(0)
		     : "rcx", "r11", "memory");
	fact("slot 63", "%ld", result);
	/* push rcx; push r11; push rax, in either order of the first two. */
	fact("slot 23", "%x %x %x %x", hypercall_page[23 * 32], hypercall_page[23 * 32 + 1],
		hypercall_page[23 * 32 + 2], hypercall_page[23 * 32 + 3]);
	CHECK_EQ(hypercall_page[23 * 32], 0x51);
}
