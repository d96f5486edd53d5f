// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NEW_BASEPTR takes a valid L4, pinned or not (PV-ABI fact 16), and holds its type while the vcpu
 * runs on it; a page that is no L4 is refused and the old one stays in force. The table in use
 * cannot be written even after unpinning.
 */
#include "test.h"

TEST(pagetype_baseptr, "NEW_BASEPTR: unpinned tables, refusals, references")
{
	u64 *l4 = l4_alloc(), *data = page_alloc(), *l3 = table_alloc();
	u64 old = l4_mfn();

	fact("a data page", "%ld", mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(data)));
	fact("no such frame", "%ld", mmuext(MMUEXT_NEW_BASEPTR, 1ul << 40));
	fact("frame 0", "%ld", mmuext(MMUEXT_NEW_BASEPTR, 0));
	CHECK_EQ(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(l3)), 0);
	fact("an L3", "%ld", mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(l3)));
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l3)), 0);

	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(l4)), 0);
	fact("writable mapping of it", "%ld", page_set_flags(l4, PTE_RW_DATA));
	CHECK(page_set_flags(l4, PTE_RW_DATA) < 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, virt_to_mfn(l4)), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l4)), 0);
	CHECK(page_set_flags(l4, PTE_RW_DATA) < 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, old), 0);
	CHECK_EQ(page_set_flags(l4, PTE_RW_DATA), 0);
	/* The one that the domain was started with was pinned by its builder. */
	fact("boot L4 pinned by the builder", "%ld", mmuext(MMUEXT_PIN_L4_TABLE, old));
}
