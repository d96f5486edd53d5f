// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PTE read back differs from what was written (PV-ABI fact 19): U/S is on in each present entry,
 * user pages become global, kernel pages are told apart by a bit among those available to software
 * or not at all. The facts are the low 12 bits for all ways to write an entry.
 */
#include "test.h"

TEST(mmu_readback, "what the hypervisor adds to a PTE")
{
	static const u64 flags[] = { PTE_P, PTE_P | PTE_RW, PTE_P | PTE_US, PTE_P | PTE_RW | PTE_US,
		PTE_P | PTE_G, PTE_P | PTE_US | PTE_G, PTE_P | 0x200, PTE_P | 0x400, PTE_P | 0x800,
		PTE_RW | PTE_US };
	u64 *page = page_alloc();
	u64 va = SCRATCH + (41ul << 30);

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		CHECK_EQ(map_page(va, MAKE_PTE(virt_to_mfn(page), flags[i])), 0);
		fact("written, read", "%lx %lx, high %lx", flags[i], pte_read(va, 1) & 0xfff,
			pte_read(va, 1) >> 52 & 0xfff);
	}
	fact("L2, L3, L4", "%lx %lx %lx", pte_read(va, 2) & 0xfff, pte_read(va, 3) & 0xfff,
		pte_read(va, 4) & 0xfff);
}
