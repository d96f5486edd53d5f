// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A call gate may be stored but using it faults (PV-ABI fact 14; xsa-298): whatever it names, a far
 * call through it in kernel or user mode is #GP with the selector as the error code, and never
 * enters the target.
 */
#include "test.h"

static const struct {
	u32 offset;
	u16 selector;
} __attribute__((packed)) pointer = { 0, 0x43 };

TEST(descriptor_call_gate, "a far call through a guest's call gate faults")
{
	u64 *gdt = page_alloc();
	xen_pfn_t frame = virt_to_mfn(gdt);
	u64 target = (u64)trap_entries;
	u64 low = (target & 0xffff) | (u64)FLAT_KERNEL_CS << 16 | 0xec00ul << 32 |
		  (target & 0xffff0000) << 32;
	long error;

	CHECK_EQ(page_set_flags(gdt, PTE_RO), 0);
	CHECK_EQ(HC(set_gdt, &frame, 512), 0);
	error = HC(update_descriptor, (frame << PAGE_SHIFT) + 0x40, low);
	fact("store", "%ld", error);
	if (!error) {
		fact("stored access byte", "%lx", gdt[8] >> 40 & 0xff);
		fact("far call", "%s", trap_name(TRAP(asm volatile("lcall *%0" ::"m"(pointer)))));
		fact("error code", "%lx", caught()->error);
		CHECK_EQ(caught()->vector, TRAP_GP);
	}
	CHECK_EQ(HC(set_gdt, NULL, 0), 0);
}
