// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GNTTABOP_copy in both directions between a child and dom0, its limits (not past a page, not into
 * a read-only grant), and that a copy leaves no flags in the entry. Each operation of a batch has
 * its own status.
 */
#include "test.h"

enum { READ_ONLY = 8, WRITABLE = 9 };

static void body(void)
{
	struct report *r = child_report;
	u8 *page = page_alloc();

	memset(page, 0x5a, PAGE_SIZE);
	grant_give(READ_ONLY, 0, virt_to_mfn(page), GTF_readonly);
	grant_give(WRITABLE, 0, virt_to_mfn(page), 0);
	r->word[0] = 1;
	while (r->word[1] != 1)
		HC(sched_op, SCHEDOP_yield, NULL);
	fact("what dom0 wrote", "%x %x %x", page[99], page[100], page[104]);
	fact("flags", "%x %x", grant_table()[READ_ONLY].flags, grant_table()[WRITABLE].flags);
	CHECK_EQ(page[100], 0x77);
	CHECK_EQ(page[104], 0x5a);
}

static struct gnttab_copy from_child(struct child *child, u32 ref, u8 *to, u16 offset, u16 length)
{
	struct gnttab_copy c = { .len = length, .flags = GNTCOPY_source_gref };

	c.source.domid = child->domid;
	c.source.u.ref = ref;
	c.source.offset = offset;
	c.dest.domid = DOMID_SELF;
	c.dest.u.gmfn = virt_to_mfn(to);
	c.dest.offset = offset;
	return c;
}

static struct gnttab_copy to_child(struct child *child, u32 ref, u8 *from, u16 offset, u16 length)
{
	struct gnttab_copy c = { .len = length, .flags = GNTCOPY_dest_gref };

	c.dest.domid = child->domid;
	c.dest.u.ref = ref;
	c.dest.offset = offset;
	c.source.domid = DOMID_SELF;
	c.source.u.gmfn = virt_to_mfn(from);
	c.source.offset = offset;
	return c;
}

TEST(grant_copy, "copying to and from a child's grants")
{
	struct child *child = child_create(body);
	u8 *page = page_alloc(), *table = (u8 *)table_alloc();
	struct gnttab_copy c;

	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	CHECK_EQ(grant_copy(from_child(child, READ_ONLY, page, 16, 8)), GNTST_okay);
	CHECK_EQ(page[15], 0);
	CHECK_EQ(page[16], 0x5a);
	CHECK_EQ(page[23], 0x5a);
	CHECK_EQ(page[24], 0);
	memset(page, 0x77, PAGE_SIZE);
	CHECK_EQ(grant_copy(to_child(child, WRITABLE, page, 100, 4)), GNTST_okay);

	fact("into a read-only grant", "%ld", grant_copy(to_child(child, READ_ONLY, page, 200, 4)));
	fact("past the page", "%ld", grant_copy(to_child(child, WRITABLE, page, 4095, 2)));
	fact("offset 4096", "%ld", grant_copy(to_child(child, WRITABLE, page, 4096, 1)));
	fact("length 0", "%ld", grant_copy(to_child(child, WRITABLE, page, 0, 0)));
	fact("length 65535", "%ld", grant_copy(to_child(child, WRITABLE, page, 0, 65535)));
	fact("reference not given", "%ld", grant_copy(to_child(child, 44, page, 0, 4)));
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table)), 0);
	fact("into our page table", "%ld", grant_copy(from_child(child, WRITABLE, table, 0, 8)));
	CHECK_EQ(table[0], 0);
	c = to_child(child, WRITABLE, page, 0, 4);
	c.dest.domid = 999;
	fact("no such domain", "%ld", grant_copy(c));
	c = to_child(child, WRITABLE, page, 0, 4);
	c.source.u.gmfn = 1ul << 40;
	fact("no such frame", "%ld", grant_copy(c));
	c = to_child(child, WRITABLE, page, 0, 4);
	c.flags = 0;
	fact("a foreign frame without a grant", "%ld", grant_copy(c));
	fact("status of an unknown operation", "%ld", HC(grant_table_op, 99, &c, 1));
	fact("no operations", "%ld", HC(grant_table_op, GNTTABOP_copy, &c, 0));
	child->report->word[1] = 1;
	CHECK_EQ(child_wait(child, 5), SHUTDOWN_poweroff);
	CHECK(child_print(child));
}
