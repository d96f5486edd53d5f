// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What describes memory: the machine-to-physical table's place (XENMEM_machphys_mapping and
 * _mfn_list), the pseudo-physical map of the domain, the machine's map and its highest page (dom0
 * only). The M2P is readable everywhere it claims to be.
 */
#include "test.h"

static void common(void)
{
	struct xen_machphys_mapping m = { 0 };
	struct e820entry {
		u64 addr, size;
		u32 type;
	} __attribute__((packed)) entries[64];
	struct xen_memory_map map = { .nr_entries = 64 };

	CHECK_EQ(HC(memory_op, XENMEM_machphys_mapping, &m), 0);
	fact("M2P", "%lx", m.v_start);
	CHECK_EQ(m.v_start, MACH2PHYS_VIRT_START);
	CHECK(m.v_end > m.v_start && m.v_end <= MACH2PHYS_VIRT_END);
	CHECK(m.max_mfn >= virt_to_mfn(report_pages.text));
	set_xen_guest_handle(map.buffer, (void *)entries);
	fact("memory_map", "%ld", HC(memory_op, XENMEM_memory_map, &map));
	fact("machine_memory_map", "%s",
		HC(memory_op, XENMEM_machine_memory_map, &map) ? "refused" : "given");
	fact("maximum_ram_page", "%s",
		HC(memory_op, XENMEM_maximum_ram_page, NULL) > 0 ? "given" : "refused");
	fact("maximum_gpfn", "%s",
		HC(memory_op, XENMEM_maximum_gpfn, &((domid_t){ DOMID_SELF })) > 0 ? "given"
										   : "refused");
}

CHILD_TEST(memory_map_child, "memory maps as a domU sees them")
{
	common();
}

TEST(memory_map_dom0, "memory maps as dom0 sees them")
{
	xen_pfn_t list[8] = { 0 };
	struct xen_machphys_mfn_list m = { .max_extents = 8 };

	common();
	set_xen_guest_handle(m.extent_start, list);
	fact("machphys_mfn_list", "%ld, %u extents, aligned %d",
		HC(memory_op, XENMEM_machphys_mfn_list, &m), m.nr_extents, !(list[0] & 511));
}
