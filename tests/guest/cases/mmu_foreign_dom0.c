// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dom0 may map a child's frames, by naming the child (PV-ABI fact 18); not writable where they are
 * the child's page tables, and never as page tables of its own. Frames of a destroyed domain stay
 * until they are unmapped.
 */
#include "test.h"

static void body(void)
{
}

TEST(mmu_foreign_dom0, "dom0's mappings of a child's frames")
{
	struct child *child = child_create(body);
	u64 l4 = child->mfn[child->l4_pfn], l1 = child->mfn[child->l4_pfn + 3],
	    plain = child->mfn[CHILD_PAGES - 1];
	u8 *va = page_alloc();
	u64 *l2 = table_alloc();
	u64 home = virt_to_mfn(va);
	struct mmu_update u = { pte_address((u64)va, 1), MAKE_PTE(plain, PTE_RW_DATA) };

	fact("plain, without naming its owner", "%ld", va_write(va, MAKE_PTE(plain, PTE_RW_DATA)));
	CHECK_EQ(child_map(child, va, plain, PTE_RW_DATA), 0);
	*(volatile u8 *)va = 1;
	fact("its L4 writable", "%ld", child_map(child, va, l4, PTE_RW_DATA));
	fact("its L1 writable", "%ld", child_map(child, va, l1, PTE_RW_DATA));
	fact("its L1 read-only", "%ld", child_map(child, va, l1, PTE_RO));
	CHECK(child_map(child, va, l4, PTE_RW_DATA) < 0);
	fact("mmu_update", "%ld", HC(mmu_update, &u, 1, NULL, child->domid));
	fact("mmu_update, wrong owner", "%ld", HC(mmu_update, &u, 1, NULL, DOMID_SELF));
	fact("our own frame as the child's", "%ld", child_map(child, va, home, PTE_RW_DATA));
	table_set(l2, 0, MAKE_PTE(l1, PTE_TABLE));
	fact("its L1 in our L2", "%ld", mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2)));
	CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2)) < 0);
	fact("its L4 as our base", "%ld", mmuext(MMUEXT_NEW_BASEPTR, l4));
	CHECK(mmuext(MMUEXT_NEW_BASEPTR, l4) < 0);
	CHECK_EQ(child_map(child, va, plain, PTE_RW_DATA), 0);
	child_destroy(child);
	CHECK_EQ(*(volatile u8 *)va, 1);
	CHECK_EQ(va_write(va, MAKE_PTE(home, PTE_RW_DATA)), 0);
}
