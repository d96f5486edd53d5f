// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reservations (<xen/memory.h>; PV-ABI, last part): the result is the number of extents done, also
 * when fewer than asked; a page with a mapping leaves the domain only when the last reference is
 * gone; populate past max_mem gives what there is room for; the M2P of a page given back is
 * invalid.
 */
#include "test.h"

static long reserve(unsigned int op, xen_pfn_t *frames, u64 count, unsigned int order, u16 domid)
{
	struct xen_memory_reservation r = {
		.nr_extents = count, .extent_order = order, .domid = domid
	};

	set_xen_guest_handle(r.extent_start, frames);
	return HC(memory_op, op, &r);
}

static long current(void)
{
	domid_t self = DOMID_SELF;

	return HC(memory_op, XENMEM_current_reservation, &self);
}

static void give_back(void)
{
	u64 *page = page_alloc();
	xen_pfn_t frames[3] = { virt_to_mfn(page), 1ul << 40, virt_to_mfn(page_alloc()) };
	long before = current();

	CHECK_EQ(va_write(page, 0), 0);
	fact("decrease of one, then a bad one", "%ld",
		reserve(XENMEM_decrease_reservation, frames, 3, 0, DOMID_SELF));
	CHECK_EQ(current(), before - 1);
	fact("the same frame again", "%ld",
		reserve(XENMEM_decrease_reservation, frames, 1, 0, DOMID_SELF));
	fact("map a frame given back", "%ld", va_write(page, MAKE_PTE(frames[0], PTE_RW_DATA)));

	frames[0] = virt_to_pfn(page);
	CHECK_EQ(reserve(XENMEM_populate_physmap, frames, 1, 0, DOMID_SELF), 1);
	p2m_set(virt_to_pfn(page), frames[0]);
	CHECK_EQ(current(), before);
	fact("M2P of the new frame is the pfn", "%d",
		machine_to_phys_mapping[frames[0]] == virt_to_pfn(page));
	CHECK_EQ(va_write(page, MAKE_PTE(frames[0], PTE_RW_DATA)), 0);
	page[0] = 1;
}

CHILD_TEST(memory_reservation, "populate and decrease: counts, limits, M2P")
{
	static xen_pfn_t many[200];
	domid_t self = DOMID_SELF, dom0 = 0;

	fact("current, maximum", "%ld %ld", current(),
		HC(memory_op, XENMEM_maximum_reservation, &self));
	fact("dom0's", "%ld", HC(memory_op, XENMEM_current_reservation, &dom0));
	give_back();
	for (int i = 0; i < 200; i++)
		many[i] = start_info->nr_pages + i;
	fact("populate 200 with room for 64", "%ld",
		reserve(XENMEM_populate_physmap, many, 200, 0, DOMID_SELF));
	fact("populate with none", "%ld", reserve(XENMEM_populate_physmap, many, 1, 0, DOMID_SELF));
	fact("current", "%ld", current());
	fact("give 64 back", "%ld", reserve(XENMEM_decrease_reservation, many, 64, 0, DOMID_SELF));
	fact("order 20", "%ld", reserve(XENMEM_populate_physmap, many, 1, 20, DOMID_SELF));
	fact("order 200", "%ld", reserve(XENMEM_populate_physmap, many, 1, 200, DOMID_SELF));
	fact("into dom0", "%ld", reserve(XENMEM_populate_physmap, many, 1, 0, 0));
	fact("into nobody", "%ld", reserve(XENMEM_populate_physmap, many, 1, 0, 999));
	fact("none", "%ld", reserve(XENMEM_populate_physmap, many, 0, 0, DOMID_SELF));
	fact("2^62 extents", "%ld",
		reserve(XENMEM_populate_physmap, many, 1ul << 62, 0, DOMID_SELF));
	fact("increase by one", "%ld",
		reserve(XENMEM_increase_reservation, many, 1, 0, DOMID_SELF));
	fact("unknown operation", "%ld", HC(memory_op, 63, &self));
}
