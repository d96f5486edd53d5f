// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child grants dom0 a page, read-only and writable (<xen/grant_table.h>, SECURITY C8): mapping
 * makes GTF_reading and GTF_writing in the shared entry, the page is the child's memory, a write
 * through a read-only grant or mapping is impossible, unmapping takes the flags back, the handle is
 * then worthless. The status codes of what is refused.
 */
#include "test.h"

enum { READ_ONLY = 8, WRITABLE = 9, FOR_OTHERS = 10, FOREIGN_FRAME = 11 };
enum { W_READY, W_GO, W_FLAGS, W_VALUE };

static void body(void)
{
	struct report *r = child_report;
	u64 *page = page_alloc();

	page[0] = 0xabc;
	grant_give(READ_ONLY, 0, virt_to_mfn(page), GTF_readonly);
	grant_give(WRITABLE, 0, virt_to_mfn(page), 0);
	grant_give(FOR_OTHERS, 55, virt_to_mfn(page), 0);
	grant_give(FOREIGN_FRAME, 0, virt_to_mfn(page) ^ 0x10000, 0);
	r->word[W_READY] = 1;
	while (r->word[W_GO] != 99) {
		r->word[W_FLAGS] =
			grant_table()[READ_ONLY].flags | (u64)grant_table()[WRITABLE].flags << 16;
		r->word[W_VALUE] = page[0];
		HC(sched_op, SCHEDOP_yield, NULL);
	}
	CHECK(grant_end(READ_ONLY));
	CHECK(grant_end(WRITABLE));
}

static struct child *child;

static u64 flags_seen(void)
{
	u64 start = 0;

	while (still_waiting(&start, 1) && system_time() - start < 50000000)
		;
	return child->report->word[W_FLAGS];
}

static void refusals(u8 *va)
{
	u16 dom = child->domid;
	u32 handle;

	fact("no such domain", "%ld", grant_map(999, READ_ONLY, va, GNTMAP_host_map, &handle));
	fact("reference not given", "%ld", grant_map(dom, 40, va, GNTMAP_host_map, &handle));
	fact("reference beyond the table", "%ld",
		grant_map(dom, 1u << 30, va, GNTMAP_host_map, &handle));
	fact("given to another domain", "%ld",
		grant_map(dom, FOR_OTHERS, va, GNTMAP_host_map, &handle));
	fact("frame that is not the granter's", "%ld",
		grant_map(dom, FOREIGN_FRAME, va, GNTMAP_host_map | GNTMAP_readonly, &handle));
	fact("writable map of a read-only grant", "%ld",
		grant_map(dom, READ_ONLY, va, GNTMAP_host_map, &handle));
	fact("no flags", "%ld", grant_map(dom, READ_ONLY, va, 0, &handle));
	fact("unmapped address", "%ld",
		grant_map(dom, WRITABLE, (void *)UNMAPPED, GNTMAP_host_map, &handle));
	fact("hypervisor's address", "%ld",
		grant_map(dom, WRITABLE, (void *)HYPERVISOR_VIRT_START, GNTMAP_host_map, &handle));
	fact("misaligned PTE address", "%ld",
		grant_map(dom, WRITABLE, (void *)(pte_address((u64)va, 1) + 4),
			GNTMAP_host_map | GNTMAP_contains_pte, &handle));
	fact("unmap of handle 4000", "%ld", grant_unmap(va, 4000));
	fact("unmap of handle 2^32-1", "%ld", grant_unmap(va, ~0u));
	fact("flags after all that", "%lx", flags_seen());
}

TEST(grant_map, "mapping a child's grants: flags, access, status codes")
{
	u8 *va = page_alloc(), *second = page_alloc();
	u32 handle, handle2;

	/* A mapping that is replaced is not flushed: that is the guest's work, so have none. */
	CHECK_EQ(va_write(va, 0), 0);
	CHECK_EQ(va_write(second, 0), 0);
	child = child_create(body);
	child_unpause(child);
	CHECK(child_wait_word(child, W_READY, 1, 5));
	CHECK_EQ(grant_map(child->domid, READ_ONLY, va, GNTMAP_host_map | GNTMAP_readonly, &handle),
		GNTST_okay);
	CHECK_EQ(*(volatile u64 *)va, 0xabc);
	CHECK_EQ(TRAP(*(volatile u64 *)va = 1), TRAP_PF);
	fact("flags, read-only mapping", "%lx", flags_seen());
	fact("unmap at another address", "%ld", grant_unmap(second, handle));
	CHECK_EQ(grant_unmap(va, handle), GNTST_okay);
	fact("address after unmap", "%s", trap_name(TRAP((void)*(volatile u64 *)va)));
	fact("unmap twice", "%ld", grant_unmap(va, handle));
	fact("flags, unmapped", "%lx", flags_seen());

	CHECK_EQ(grant_map(child->domid, WRITABLE, va, GNTMAP_host_map, &handle), GNTST_okay);
	CHECK_EQ(grant_map(child->domid, WRITABLE, second, GNTMAP_host_map | GNTMAP_readonly,
			 &handle2),
		GNTST_okay);
	*(volatile u64 *)va = 0xdef;
	CHECK_EQ(*(volatile u64 *)second, 0xdef);
	CHECK(child_wait_word(child, W_VALUE, 0xdef, 5));
	fact("flags, both", "%lx", flags_seen());
	CHECK_EQ(grant_unmap(va, handle), GNTST_okay);
	fact("flags, reader left", "%lx", flags_seen());
	CHECK_EQ(grant_unmap(second, handle2), GNTST_okay);
	fact("flags, none left", "%lx", flags_seen());
	refusals(va);
	child->report->word[W_GO] = 99;
	CHECK_EQ(child_wait(child, 5), SHUTDOWN_poweroff);
	CHECK(child_print(child));
}
