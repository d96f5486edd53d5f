// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Start of day as <xen/xen.h> lays it out (PV-ABI, last part): the elements follow each other from
 * the virtual base, all mapped one to one and writable but the page tables, with 512 KiB of padding
 * up to a 4 MiB boundary; selectors are the hypervisor's flat ones (fact 13); the M2P agrees with
 * the p2m list.
 */
#include "test.h"

extern u8 image_end[];

TEST(boot_start_info, "start of day: layout, mappings, selectors")
{
	const struct start_info *si = start_info;
	u64 si_va = (u64)si, end = VIRT_BASE;
	u16 cs, ss, ds;

	asm volatile("movw %%cs, %0; movw %%ss, %1; movw %%ds, %2" : "=r"(cs), "=r"(ss), "=r"(ds));
	fact("magic", "%s", si->magic);
	fact("flags", "%x", si->flags);
	fact("pages", "%lu", si->nr_pages);
	fact("cs ss ds", "%x %x %x", cs, ss, ds);
	fact("module", "%lx %lx", si->mod_start, si->mod_len);
	fact("page tables", "%lu", si->nr_pt_frames);
	CHECK_EQ(si->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN), SIF_PRIVILEGED | SIF_INITDOMAIN);

	CHECK_EQ(si->mfn_list, ((u64)image_end + PAGE_SIZE - 1) & PAGE_MASK);
	CHECK(si_va >= si->mfn_list + si->nr_pages * 8);
	CHECK_EQ(si_va & ~PAGE_MASK, 0);
	CHECK(si->pt_base > si_va);
	while (pte_read(end, 1) & PTE_P)
		end += PAGE_SIZE;
	fact("mapped to", "%lx", end);
	CHECK_EQ(end & 0x3fffff, 0);
	CHECK(end - (si->pt_base + si->nr_pt_frames * PAGE_SIZE + PAGE_SIZE) >= 512 * 1024);
	for (u64 i = 0; i < si->nr_pt_frames; i++) {
		CHECK_EQ(pte_read(si->pt_base + i * PAGE_SIZE, 1) & PTE_RW, 0);
		CHECK(pte_read(si->pt_base + i * PAGE_SIZE, 1) & PTE_P);
	}
	for (u64 pfn = 0; pfn < si->nr_pages; pfn++)
		CHECK_EQ(machine_to_phys_mapping[pfn_to_mfn(pfn)], pfn);
}
