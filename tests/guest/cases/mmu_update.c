// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu_update takes machine addresses with the operation in the low two bits; done receives how many
 * went through, also on failure (PV-ABI fact 18). MMU_MACHPHYS_UPDATE writes the M2P entry.
 * Operation 3 is an ordinary update for a PV guest (MMU_PT_UPDATE_NO_TRANSLATE). A machine address
 * that is not memory is EINVAL. It flushes nothing of what it changed in an L1: that is the guest's
 * work.
 */
#include "test.h"

static void flush(const void *va)
{
	CHECK_EQ(mmuext_op((struct mmuext_op){
			 .cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = (u64)va }),
		0);
}

TEST(mmu_update, "mmu_update: count done, operations, refusals")
{
	u64 *page = page_alloc(), *other = page_alloc();
	u64 pte = pte_address((u64)page, 1), mfn = virt_to_mfn(page), pfn = virt_to_pfn(page);
	struct mmu_update u[3] = {
		{ pte, MAKE_PTE(virt_to_mfn(other), PTE_RW_DATA) },
		{ pte, MAKE_PTE(mfn, PTE_RW_DATA) },
		{ pte | 3, 0 },
	};
	u32 done = 77;

	other[0] = 5;
	CHECK_EQ(HC(mmu_update, u, 1, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 1);
	flush(page);
	CHECK_EQ(READ_ONCE(page[0]), 5);
	CHECK_EQ(HC(mmu_update, u, 2, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 2);
	flush(page);
	CHECK_EQ(READ_ONCE(page[0]), 0);

	CHECK_EQ(HC(mmu_update, u, 3, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 3);
	CHECK_EQ(pte_read((u64)page, 1), 0);
	u[1].ptr = 1ul << 45;
	fact("no such memory", "%ld", HC(mmu_update, u, 2, &done, DOMID_SELF));
	fact("done", "%u", done);
	u[1].ptr = virt_to_mfn(other) << PAGE_SHIFT;
	fact("not a page table", "%ld", HC(mmu_update, u, 2, &done, DOMID_SELF));
	CHECK(other[0] != 0); /* an ordinary write */
	fact("no domain", "%ld", HC(mmu_update, u, 1, &done, 0x1234));
	fact("nothing to do", "%ld", HC(mmu_update, u, 0, &done, DOMID_SELF));
	fact("done", "%u", done);

	u[0] = (struct mmu_update){ mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 0x12345 };
	CHECK_EQ(HC(mmu_update, u, 1, &done, DOMID_SELF), 0);
	CHECK_EQ(machine_to_phys_mapping[mfn], 0x12345);
	u[0].val = pfn;
	CHECK_EQ(HC(mmu_update, u, 1, &done, DOMID_SELF), 0);
	CHECK_EQ(machine_to_phys_mapping[mfn], pfn);
}
