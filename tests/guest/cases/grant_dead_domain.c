// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child dies while dom0 has its page mapped by a grant (SECURITY C8, C15): the page stays as it
 * was until it is unmapped, the domain exists as a dying one until then, and afterwards it is gone
 * for good: no memory is lost.
 */
#include "test.h"

#define DRIFT 4 /* pages that the hypervisor's own heap may hold on to */

static void body(void)
{
	u64 *page = page_alloc();

	page[0] = 0x600d;
	grant_give(8, 0, virt_to_mfn(page), 0);
	child_report->word[0] = 1;
	for (;;)
		HC(sched_op, SCHEDOP_yield, NULL);
}

static bool gone(u16 domid)
{
	struct xen_domctl d = { .cmd = XEN_DOMCTL_getdomaininfo,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = domid };
	long error = HC(domctl, &d);

	return error || d.u.getdomaininfo.domain != domid;
}

TEST(grant_dead_domain, "a granter dies while its page is mapped")
{
	u8 *va = page_alloc();
	u64 before, start = 0;
	struct child *child;
	u32 handle;
	u16 domid;

	/* A first one makes what the hypervisor keeps for good. */
	child_destroy(child_create(body));
	before = free_pages();
	child = child_create(body);
	domid = child->domid;
	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	CHECK_EQ(va_write(va, 0), 0);
	CHECK_EQ(grant_map(domid, 8, va, GNTMAP_host_map, &handle), GNTST_okay);
	child_destroy(child);
	CHECK(!gone(domid));
	CHECK_EQ(*(volatile u64 *)va, 0x600d);
	*(volatile u64 *)va = 1;
	CHECK_EQ(grant_unmap(va, handle), GNTST_okay);
	while (!gone(domid))
		CHECK(still_waiting(&start, 3));
	CHECK(free_pages_reach(before - DRIFT));
}
