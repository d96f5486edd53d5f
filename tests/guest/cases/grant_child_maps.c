// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other way round (SECURITY C8): a child maps dom0's grants until its handles run out, uses
 * what was given to it only, and is destroyed with mappings open: dom0's entries lose their flags
 * and can be taken back.
 */
#include "test.h"

static void body(void)
{
	u32 handle, count = 0;
	u8 *va = page_alloc(), *second = page_alloc();
	long error;

	CHECK_EQ(va_write(va, 0), 0);
	CHECK_EQ(va_write(second, 0), 0);
	fact("not given to us", "%ld", grant_map(0, 10, va, GNTMAP_host_map, &handle));
	CHECK_EQ(grant_map(0, 8, va, GNTMAP_host_map, &handle), GNTST_okay);
	CHECK_EQ(*(volatile u64 *)va, 0x7777);
	fact("read-only, writable wanted", "%ld",
		grant_map(0, 9, second, GNTMAP_host_map, &handle));
	while (!(error = grant_map(0, 9, second, GNTMAP_host_map | GNTMAP_readonly, &handle)))
		count++;
	fact("mappings end with", "%ld", error);
	CHECK(count >= 64 && count <= 4 * 4096 / 16);
	child_report->word[0] = 1;
	for (;;)
		HC(sched_op, SCHEDOP_yield, NULL);
}

TEST(grant_child_maps, "a child maps dom0's grants and dies with them")
{
	struct child *child = child_create(body);
	u64 *page = page_alloc(), start = 0;

	page[0] = 0x7777;
	grant_give(8, child->domid, virt_to_mfn(page), 0);
	grant_give(9, child->domid, virt_to_mfn(page), GTF_readonly);
	grant_give(10, child->domid + 1, virt_to_mfn(page), 0);
	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 20));
	child_print(child);
	fact("flags, mapped", "%x %x %x", grant_table()[8].flags, grant_table()[9].flags,
		grant_table()[10].flags);
	CHECK(!grant_end(8));
	child_destroy(child);
	while (grant_table()[8].flags & (GTF_reading | GTF_writing))
		CHECK(still_waiting(&start, 5));
	fact("flags, child gone", "%x %x %x", grant_table()[8].flags, grant_table()[9].flags,
		grant_table()[10].flags);
	CHECK(grant_end(8) && grant_end(9) && grant_end(10));
	page[0] = 0;
	CHECK_EQ(page_set_flags(page, PTE_RO), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page))
			 ?: mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page)),
		0);
}
