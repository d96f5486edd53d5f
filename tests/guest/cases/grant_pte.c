// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grants mapped by PTE address (GNTMAP_contains_pte), and a mapper that tampers (SECURITY C8:
 * xsa-224, 234): overwriting a grant's PTE itself, unmapping with the wrong address, making a
 * read-only grant mapping writable by hand. The child's counts must be right at the end: it can
 * take the grant back.
 */
#include "test.h"

static void body(void)
{
	u64 *page = page_alloc();

	grant_give(8, 0, virt_to_mfn(page), 0);
	child_report->word[0] = 1;
	while (child_report->word[1] != 1)
		HC(sched_op, SCHEDOP_yield, NULL);
	fact("flags", "%x", grant_table()[8].flags);
	fact("taken back", "%d", grant_end(8));
	page[0] = 0;
}

static u64 child_frame(u64 va)
{
	return PTE_FRAME(pte_read(va, 1));
}

TEST(grant_pte, "grants by PTE address and tampering with them")
{
	struct child *child = child_create(body);
	u8 *va = page_alloc(), *second = page_alloc();
	u64 mfn;
	u32 handle, handle2;

	CHECK_EQ(va_write(va, 0), 0);
	CHECK_EQ(va_write(second, 0), 0);
	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	CHECK_EQ(grant_map(child->domid, 8, (void *)pte_address((u64)va, 1),
			 GNTMAP_host_map | GNTMAP_contains_pte, &handle),
		GNTST_okay);
	*(volatile u64 *)va = 1;
	fact("unmap by virtual address", "%ld", grant_unmap(va, handle));
	fact("unmap by PTE address", "%ld", grant_unmap((void *)pte_address((u64)va, 1), handle));

	CHECK_EQ(grant_map(child->domid, 8, va, GNTMAP_host_map | GNTMAP_readonly, &handle),
		GNTST_okay);
	mfn = child_frame((u64)va);
	fact("make it writable by hand", "%ld", va_write(va, MAKE_PTE(mfn, PTE_RW_DATA)));
	fact("the same, naming the child", "%ld", child_map(child, va, mfn, PTE_RW_DATA) ? 1l : 0l);
	fact("unmap after that", "%ld", grant_unmap(va, handle));
	CHECK_EQ(va_write(va, 0), 0);
	fact("unmap with an empty PTE", "%ld", grant_unmap(va, handle));

	CHECK_EQ(grant_map(child->domid, 8, second, GNTMAP_host_map, &handle2), GNTST_okay);
	CHECK_EQ(va_write(second, 0), 0);
	fact("unmap after clearing the PTE", "%ld", grant_unmap(second, handle2));
	/* What was torn down by hand can be put back by hand, and then be unmapped. */
	CHECK_EQ(child_map(child, va, mfn, PTE_RO), 0);
	fact("unmap of the restored one", "%ld", grant_unmap(va, handle));
	CHECK_EQ(child_map(child, second, mfn, PTE_RW_DATA), 0);
	fact("unmap of the restored other", "%ld", grant_unmap(second, handle2));
	CHECK_EQ(va_write(va, 0), 0);
	CHECK_EQ(va_write(second, 0), 0);
	child->report->word[1] = 1;
	CHECK_EQ(child_wait(child, 5), SHUTDOWN_poweroff);
	child_print(child);

	/* With the PTEs as they were the handles can be given up: nothing of the child stays. */
	CHECK_EQ(child_map(child, va, mfn, PTE_RO), 0);
	fact("unmap with the PTE put back", "%ld", grant_unmap(va, handle));
	CHECK_EQ(child_map(child, second, mfn, PTE_RW_DATA), 0);
	fact("the writable one", "%ld", grant_unmap(second, handle2));
}
