// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a table of each level may point to (PV-ABI fact 16, SECURITY C1): an L1 to any page of ours,
 * an L2 to L1 tables only, and so on. A frame of the wrong type, a foreign one, one that does not
 * exist and entries with PSE are refused at every level and nothing is left behind: the page can be
 * written again.
 */
#include "test.h"

static const unsigned int pin[5] = { 0, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
	MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE };

static long pin_with(int level, u64 entry)
{
	u64 *table = page_alloc();
	long error;

	table[3] = entry;
	CHECK_EQ(page_set_flags(table, PTE_RO), 0);
	error = mmuext(pin[level], virt_to_mfn(table));
	if (!error)
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table)), 0);
	CHECK_EQ(page_set_flags(table, PTE_RW_DATA), 0);
	return error;
}

TEST(pagetype_levels, "pinning each level: what its entries may point to")
{
	for (int level = 1; level <= 4; level++) {
		u64 *writable = page_alloc(), *below = table_alloc();
		u64 own = virt_to_mfn(writable), table = virt_to_mfn(below);

		fact("level", "%d", level);
		fact("empty", "%ld", pin_with(level, 0));
		fact("not present, garbage", "%ld", pin_with(level, 0x123456789abcde));
		fact("writable page", "%ld", pin_with(level, MAKE_PTE(own, PTE_TABLE)));
		fact("page not mapped writable", "%ld",
			pin_with(level, MAKE_PTE(table, PTE_TABLE)));
		fact("page not mapped writable, read-only", "%ld",
			pin_with(level, MAKE_PTE(table, PTE_RO)));
		fact("running L4", "%ld", pin_with(level, MAKE_PTE(l4_mfn(), PTE_TABLE)));
		fact("running L4, read-only", "%ld", pin_with(level, MAKE_PTE(l4_mfn(), PTE_RO)));
		fact("PSE", "%ld", pin_with(level, MAKE_PTE(table & ~511ul, PTE_TABLE | PTE_PSE)));
		fact("no such frame", "%ld", pin_with(level, MAKE_PTE(1ul << 38, PTE_TABLE)));
		fact("global", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | PTE_G)));
		fact("available bits", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | PTE_AVAIL)));
		fact("bit 52", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | 1ul << 52)));
		fact("bit 58", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | 1ul << 58)));
		fact("bit 62", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | 1ul << 62)));
		fact("no execute", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | PTE_NX)));
		fact("cache disable", "%ld", pin_with(level, MAKE_PTE(table, PTE_RO | PTE_PCD)));
		if (level > 1)
			CHECK(pin_with(level, MAKE_PTE(own, PTE_TABLE)) < 0);
		CHECK_EQ(pin_with(level, 0), 0);
	}
}
