// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MMUEXT_SET_LDT (PV-ABI fact 14): pages are taken when first touched, which the guest does not
 * see; then they are descriptor pages that cannot be mapped writable. A page that has a writable
 * mapping when it is touched gives the guest the fault instead. The base must be page aligned,
 * canonical and ours, at most 8192 entries.
 */
#include "test.h"

static long set_ldt(u64 address, u64 entries)
{
	return mmuext_op((struct mmuext_op){
		.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = address, .arg2.nr_ents = entries });
}

static void load(u16 selector)
{
	asm volatile("movw %0, %%es; movw %1, %%es" ::"r"(selector), "r"((u16)0));
}

TEST(descriptor_ldt, "SET_LDT: lazy page check, page type, refusals")
{
	u64 *ldt = pages_alloc(2);

	ldt[1] = 0x00cff2000000fffful;
	fact("misaligned", "%ld", set_ldt((u64)ldt + 8, 10));
	fact("8193 entries", "%ld", set_ldt((u64)ldt, 8193));
	fact("non-canonical", "%ld", set_ldt(NON_CANONICAL, 10));
	fact("hypervisor's range", "%ld", set_ldt(HYPERVISOR_VIRT_START, 10));
	CHECK_EQ(set_ldt((u64)ldt, 512), 0);
	fact("load while the page is writable", "%s", trap_name(TRAP(load(1 * 8 + 7))));
	fact("error code", "%lx", caught()->error);
	fact("cr2 at the entry", "%d", caught()->cr2 == (u64)&ldt[1]);
	CHECK_EQ(page_set_flags(ldt, PTE_RO), 0);
	CHECK_EQ(TRAP(load(1 * 8 + 7)), NO_TRAP);
	fact("entry as stored", "%lx", ldt[1]);
	fact("map it writable", "%ld", page_set_flags(ldt, PTE_RW_DATA));
	CHECK(page_set_flags(ldt, PTE_RW_DATA) < 0);
	fact("empty entry", "%s", trap_name(TRAP(load(2 * 8 + 7))));
	fact("error code", "%lx", caught()->error);
	fact("beyond the limit", "%s", trap_name(TRAP(load(512 * 8 + 7))));
	CHECK_EQ(set_ldt(0, 0), 0);
	CHECK_EQ(page_set_flags(ldt, PTE_RW_DATA), 0);
	fact("without an LDT", "%s", trap_name(TRAP(load(1 * 8 + 7))));
	fact("error code", "%lx", caught()->error);
}
