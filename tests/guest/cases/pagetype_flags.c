// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All 4096 combinations of the low flag bits as a change of a live entry, for L1 and L2 (SECURITY
 * C1: xsa-148, 182). An L1 entry to a page table must never become writable, an L2 entry must never
 * take PSE, however the change is made. The facts are the sets of flags that are accepted, as a
 * hash and a count.
 */
#include "test.h"

struct outcome {
	u32 accepted;
	u64 hash;
};

static void add(struct outcome *o, u64 flags, long error)
{
	o->accepted += !error;
	o->hash = (o->hash ^ (flags << 8 | (error & 0xff))) * 0x100000001b3ul;
}

TEST(pagetype_flags, "every low flag combination on a live L1 and L2 entry")
{
	u64 *data = page_alloc(), *table = table_alloc(), *l1 = table_alloc(), *l2 = table_alloc();
	struct outcome plain = { 0 }, readonly = { 0 }, upper = { 0 };
	u64 slot;

	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table)), 0);
	table_set(l2, 0, MAKE_PTE(virt_to_mfn(l1), PTE_TABLE));
	CHECK_EQ(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2)), 0);
	slot = virt_to_mfn(l1) << PAGE_SHIFT;
	for (u64 flags = 0; flags < 4096; flags++) {
		add(&plain, flags, pte_write(slot, MAKE_PTE(virt_to_mfn(data), flags)));
		CHECK_EQ(pte_write(slot, 0), 0);
	}
	for (u64 flags = 0; flags < 4096; flags++) {
		long error = pte_write(slot, MAKE_PTE(virt_to_mfn(table), flags));

		add(&readonly, flags, error);
		CHECK(error || (flags & (PTE_P | PTE_RW)) != (PTE_P | PTE_RW));
		CHECK_EQ(pte_write(slot, 0), 0);
	}
	for (u64 flags = 0; flags < 4096; flags++) {
		long error =
			pte_write(virt_to_mfn(l2) << PAGE_SHIFT, MAKE_PTE(virt_to_mfn(l1), flags));

		add(&upper, flags, error);
		CHECK(error || (flags & (PTE_P | PTE_PSE)) != (PTE_P | PTE_PSE));
	}
	fact("L1 to a data page", "%u accepted, hash %lx", plain.accepted, plain.hash);
	fact("L1 to a page table", "%u accepted, hash %lx", readonly.accepted, readonly.hash);
	fact("L2 to an L1", "%u accepted, hash %lx", upper.accepted, upper.hash);
	CHECK_EQ(pte_write(virt_to_mfn(l2) << PAGE_SHIFT, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l2)), 0);
}
