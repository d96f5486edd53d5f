// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose frames a domU may map (PV-ABI fact 18): its own. Frames of dom0, of the hypervisor, free
 * ones and I/O memory are refused (and through DOMID_IO or another domain's id too), and so is
 * naming another domain's page tables. The child tries every frame number it can think of around
 * its own.
 */
#include "test.h"

CHILD_TEST(mmu_foreign, "a domU can map its own frames only")
{
	u8 *page = page_alloc();
	u64 mfn = virt_to_mfn(page);
	struct mmu_update u = { pte_address((u64)page, 1), 0 };
	u64 grants = (u64)grant_table();
	u32 mapped = 0;

	for (u64 other = 0; other < 0x20000; other += 7) {
		u64 pfn = mfn_to_pfn(other);

		if (pfn < start_info->nr_pages && pfn_to_mfn(pfn) == other)
			continue;
		if (other == start_info->shared_info >> PAGE_SHIFT ||
			other == PTE_FRAME(pte_read(grants, 1)))
			continue;
		if (!va_write(page, MAKE_PTE(other, PTE_RO)))
			mapped++;
	}
	fact("frames of others mapped", "%u", mapped);
	CHECK_EQ(mapped, 0);
	CHECK_EQ(va_write(page, MAKE_PTE(mfn, PTE_RW_DATA)), 0);

	u.val = MAKE_PTE(0xfee00, PTE_RO);
	fact("APIC", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_SELF));
	fact("APIC, DOMID_IO", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_IO));
	u.val = MAKE_PTE(0xb8, PTE_RO);
	fact("VGA, DOMID_IO", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_IO));
	fact("DOMID_XEN", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_XEN));
	fact("dom0", "%ld", HC(mmu_update, &u, 1, NULL, 0));
	fact("DOMID_COW", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_COW));
	fact("table of dom0", "%ld", HC(mmu_update, &u, 1, NULL, 1u << 16 | DOMID_SELF));
	fact("otherdomain, dom0", "%ld", HC(update_va_mapping_otherdomain, page, u.val, 0, 0));
	fact("otherdomain, self", "%ld",
		HC(update_va_mapping_otherdomain, page, MAKE_PTE(mfn, PTE_RW_DATA), 0, DOMID_SELF));
	u = (struct mmu_update){ 0x1000000 | MMU_MACHPHYS_UPDATE, 0 };
	fact("M2P of another's frame", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_SELF));
}
