// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * update_va_mapping changes the L1 entry that maps an address in the running page table (PV-ABI
 * fact 18). The entry read back has bits that we did not write: U/S is added to every present one
 * (fact 19). An address without an L1 table is EINVAL, as is one in the hypervisor's range and an
 * entry with reserved bits.
 */
#include "test.h"

TEST(mmu_va_mapping, "update_va_mapping: effect, value read back, refusals")
{
	u64 *page = page_alloc(), *other = page_alloc();
	u64 mfn = virt_to_mfn(page), other_mfn = virt_to_mfn(other);

	page[0] = 1;
	other[0] = 2;
	CHECK_EQ(va_write(page, MAKE_PTE(other_mfn, PTE_RW_DATA)), 0);
	CHECK_EQ(READ_ONCE(page[0]), 2);
	CHECK_EQ(va_write(page, 0), 0);
	CHECK_EQ(TRAP((void)READ_ONCE(page[0])), TRAP_PF);
	CHECK_EQ(va_write(page, MAKE_PTE(mfn, PTE_P | PTE_RW)), 0);
	CHECK_EQ(READ_ONCE(page[0]), 1);
	fact("present and writable reads back", "%lx",
		pte_read((u64)page, 1) & 0xfff & ~(PTE_A | PTE_D));
	CHECK_EQ(va_write(page, MAKE_PTE(mfn, PTE_P)), 0);
	fact("present reads back", "%lx", pte_read((u64)page, 1) & 0xfff & ~(PTE_A | PTE_D));
	CHECK_EQ(va_write(page, MAKE_PTE(mfn, 0xe)), 0);
	fact("not present reads back", "%lx", pte_read((u64)page, 1) & 0xfff);

	fact("no L1", "%ld", va_write((void *)UNMAPPED, 0));
	fact("hypervisor's range", "%ld", va_write((void *)HYPERVISOR_VIRT_START, 0));
	fact("non-canonical", "%ld", va_write((void *)NON_CANONICAL, 0));
	fact("reserved bit 51", "%ld", va_write(page, 1ul << 51 | MAKE_PTE(mfn, PTE_RW_DATA)));
	fact("bad flags", "%ld", HC(update_va_mapping, page, MAKE_PTE(mfn, PTE_RW_DATA), 3));
	CHECK(va_write((void *)UNMAPPED, 0) < 0);
	CHECK(va_write((void *)HYPERVISOR_VIRT_START, 0) < 0);
}
