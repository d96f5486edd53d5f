// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One multicall changes a PTE, swaps the L2 above it and changes "the same" PTE again (SECURITY C3,
 * xsa-286): the second change must land in the new table. A hypervisor that finds entries through
 * stale translations of its own would write to the old one.
 */
#include "test.h"

TEST(mmu_multicall_switch, "an update after a table switch in one multicall hits the new table")
{
	u64 va = SCRATCH + (50ul << 30);
	u64 *first = page_alloc(), *second = page_alloc(), *l1 = table_alloc(), *l2 = table_alloc();
	u64 slot, old_l1, old_l1_mfn;
	struct mmu_update update;
	struct multicall_entry calls[3];

	CHECK_EQ(map_page(va, MAKE_PTE(virt_to_mfn(first), PTE_RO)), 0);
	slot = pte_address(va, 3);
	old_l1 = pte_address(va, 1);
	old_l1_mfn = old_l1 >> PAGE_SHIFT;
	table_set(l2, (va >> 21) & 511, MAKE_PTE(virt_to_mfn(l1), PTE_TABLE));
	update = (struct mmu_update){ slot, MAKE_PTE(virt_to_mfn(l2), PTE_TABLE) };
	/* Keep the old tables alive, so that what stands in them can be read afterwards. */
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, old_l1_mfn), 0);
	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_update_va_mapping,
		.args = { va, MAKE_PTE(virt_to_mfn(first), PTE_RO), UVMF_INVLPG } };
	calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_mmu_update,
		.args = { (u64)&update, 1, 0, DOMID_SELF } };
	calls[2] = (struct multicall_entry){ .op = __HYPERVISOR_update_va_mapping,
		.args = { va, MAKE_PTE(virt_to_mfn(second), PTE_RO), UVMF_INVLPG } };
	first[0] = 1;
	second[0] = 2;
	CHECK_EQ(HC(multicall, calls, 3), 0);
	CHECK_EQ(calls[0].result, 0);
	CHECK_EQ(calls[1].result, 0);
	CHECK_EQ(calls[2].result, 0);
	CHECK_EQ(PTE_FRAME(l1[(va >> 12) & 511]), virt_to_mfn(second));
	CHECK_EQ(PTE_FRAME(((u64 *)mfn_to_virt(old_l1_mfn))[(va >> 12) & 511]), virt_to_mfn(first));
	CHECK_EQ(*(volatile u64 *)va, 2);
}
