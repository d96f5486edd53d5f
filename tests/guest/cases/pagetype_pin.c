// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pinning gives a page the type of a table of that level for good, after validating what it points
 * to (PV-ABI fact 16). A page with a writable mapping cannot become a table; a table cannot be
 * mapped writable; the same pin twice is refused, as is unpinning what is not pinned; after the
 * last reference the page is plain again.
 */
#include "test.h"

TEST(pagetype_pin, "pin and unpin an L1 table")
{
	u64 *table = page_alloc(), *data = page_alloc();
	u64 mfn = virt_to_mfn(table);

	table[7] = MAKE_PTE(virt_to_mfn(data), PTE_RW_DATA);
	fact("pin while writable", "%ld", mmuext(MMUEXT_PIN_L1_TABLE, mfn));
	CHECK_EQ(page_set_flags(table, PTE_RO), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
	fact("pin twice", "%ld", mmuext(MMUEXT_PIN_L1_TABLE, mfn));
	fact("pin as L2", "%ld", mmuext(MMUEXT_PIN_L2_TABLE, mfn));
	fact("map writable", "%ld", page_set_flags(table, PTE_RW_DATA));
	fact("entry after pin", "%lx", table[7] & 0xfff);
	CHECK(page_set_flags(table, PTE_RW_DATA) < 0);

	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
	fact("unpin twice", "%ld", mmuext(MMUEXT_UNPIN_TABLE, mfn));
	CHECK_EQ(page_set_flags(table, PTE_RW_DATA), 0);
	fact("entry after unpin", "%lx", table[7] & 0xfff);
	table[0] = 0;
	fact("pin of nothing", "%ld", mmuext(MMUEXT_PIN_L1_TABLE, 1ul << 40));
}
