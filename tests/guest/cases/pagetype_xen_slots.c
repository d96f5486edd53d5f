// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * L4 slots 256 to 271 are the hypervisor's (PV-ABI fact 15): a guest's write to one is refused,
 * what stands there when the page becomes an L4 is replaced, never validated or followed, and the
 * read-only machine-to-physical table is reachable through every L4. update_va_mapping does not
 * reach there either.
 */
#include "test.h"

TEST(pagetype_xen_slots, "L4 slots 256 to 271 cannot be written")
{
	u64 *l4 = l4_alloc(), *l3 = table_alloc();
	u64 refused = 0, base = virt_to_mfn(l4) << PAGE_SHIFT;
	u64 mine = MAKE_PTE(virt_to_mfn(l3), PTE_TABLE), own = l4_mfn() << PAGE_SHIFT;

	CHECK_EQ(page_set_flags(l4, PTE_RW_DATA), 0);
	for (int i = 256; i < 272; i++)
		l4[i] = mine + ((u64)i << 40);
	CHECK_EQ(page_set_flags(l4, PTE_RO), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, virt_to_mfn(l4)), 0);
	for (int i = 256; i < 272; i++)
		CHECK(l4[i] != mine + ((u64)i << 40));
	for (int i = 250; i < 280; i++) {
		long error = pte_write(base + i * 8, mine);

		refused |= (u64) !!error << (i - 250);
		if (i >= 256 && i < 272) {
			CHECK_EQ(error, -XEN_EINVAL);
			CHECK_EQ(pte_write(base + i * 8, 0), -XEN_EINVAL);
		}
	}
	fact("refused from slot 250", "%lx", refused);
	fact("in the running table", "%ld", pte_write(own + 256 * 8, 0));
	CHECK_EQ(machine_to_phys_mapping[virt_to_mfn(l3)], virt_to_pfn(l3));
	fact("write to the M2P", "%s",
		trap_name(TRAP(WRITE_ONCE(machine_to_phys_mapping[virt_to_mfn(l3)], 0))));
	CHECK_EQ(machine_to_phys_mapping[virt_to_mfn(l3)], virt_to_pfn(l3));
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l4)), 0);
}
