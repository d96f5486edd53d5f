// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * update_descriptor (PV-ABI fact 14, SECURITY C14): all 256 access bytes into an installed GDT.
 * Not-present ones always pass; code and data come out with DPL 3; of the system types only call
 * gates pass, with DPL 0; the others are EINVAL. The address must be 8-byte aligned memory of ours
 * that is a descriptor page or plain.
 */
#include "test.h"

TEST(descriptor_update, "update_descriptor: every access byte, alignment, ownership")
{
	u64 *gdt = page_alloc(), *table = table_alloc();
	xen_pfn_t frame = virt_to_mfn(gdt);
	u64 address = (frame << PAGE_SHIFT) + 8 * 8, hash = 0;
	u64 accepted[4] = { 0 };

	CHECK_EQ(page_set_flags(gdt, PTE_RO), 0);
	CHECK_EQ(HC(set_gdt, &frame, 512), 0);
	for (u64 access = 0; access < 256; access++) {
		u64 wanted = 0x00af00000000fffful | access << 40;
		long error;

		CHECK_EQ(HC(update_descriptor, address, 0), 0);
		error = HC(update_descriptor, address, wanted);
		if (!error)
			accepted[access / 64] |= 1ul << (access % 64);
		hash = (hash ^ gdt[8]) * 0x100000001b3ul;
		if (!error && (access & 0x90) == 0x90)
			CHECK_EQ(gdt[8] >> 45 & 3, 3);
		if (error)
			CHECK_EQ(gdt[8], 0);
		if (!(access & 0x80))
			CHECK_EQ(error, 0);
	}
	for (int i = 0; i < 4; i++)
		fact("accepted", "%d: %lx", i, accepted[i]);
	fact("hash of what is stored", "%lx", hash);

	fact("misaligned", "%ld", HC(update_descriptor, address + 4, 0));
	fact("no such memory", "%ld", HC(update_descriptor, 1ul << 45, 0));
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table)), 0);
	fact("a page table", "%ld", HC(update_descriptor, virt_to_mfn(table) << PAGE_SHIFT, 0));
	fact("a writable page", "%ld",
		HC(update_descriptor, virt_to_mfn(page_alloc()) << PAGE_SHIFT,
			0x00cff3000000fffful));
	fact("map the GDT writable", "%ld", page_set_flags(gdt, PTE_RW_DATA));
	CHECK(page_set_flags(gdt, PTE_RW_DATA) < 0);
	CHECK_EQ(HC(set_gdt, NULL, 0), 0);
	CHECK_EQ(page_set_flags(gdt, PTE_RW_DATA), 0);
}
