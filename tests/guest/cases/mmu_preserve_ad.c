// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MMU_PT_UPDATE_PRESERVE_AD takes the accessed and dirty bits from the entry that stands there
 * (PV-ABI fact 17), so that none set by the processor in between is lost; the plain operation
 * writes what it is given.
 */
#include "test.h"

TEST(mmu_preserve_ad, "PRESERVE_AD keeps A and D, the plain update does not")
{
	u64 *page = page_alloc();
	u64 pte = pte_address((u64)page, 1),
	    clean = MAKE_PTE(virt_to_mfn(page), PTE_P | PTE_RW | PTE_US);

	CHECK_EQ(va_write(page, clean), 0);
	CHECK_EQ(pte_read((u64)page, 1) & (PTE_A | PTE_D), 0);
	WRITE_ONCE(page[0], 1);
	CHECK_EQ(pte_read((u64)page, 1) & (PTE_A | PTE_D), PTE_A | PTE_D);
	CHECK_EQ(pte_write(pte | MMU_PT_UPDATE_PRESERVE_AD, clean), 0);
	CHECK_EQ(pte_read((u64)page, 1) & (PTE_A | PTE_D), PTE_A | PTE_D);
	CHECK_EQ(pte_write(pte, clean), 0);
	CHECK_EQ(pte_read((u64)page, 1) & (PTE_A | PTE_D), 0);
	CHECK_EQ(pte_write(pte | MMU_PT_UPDATE_PRESERVE_AD, clean | PTE_A), 0);
	CHECK_EQ(pte_read((u64)page, 1) & (PTE_A | PTE_D), PTE_A);
}
