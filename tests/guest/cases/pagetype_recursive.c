// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shapes that a walker could fall into (SECURITY C3: xsa-185, 240, 286, 309): a table that contains
 * itself, two that contain each other, a chain of same-level tables, at each level. Writable ones
 * are always refused. Xen takes a read-only self entry (linear page tables); we take none.
 */
#include "test.h"

static const unsigned int pin[5] = { 0, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
	MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE };

static long self_map(int level, u64 flags)
{
	u64 *table = table_alloc();
	long error, live;

	table_set(table, 5, MAKE_PTE(virt_to_mfn(table), flags));
	error = mmuext(pin[level], virt_to_mfn(table));
	if (!error) {
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table)), 0);
		return error;
	}
	table_set(table, 5, 0);
	CHECK_EQ(mmuext(pin[level], virt_to_mfn(table)), 0);
	live = pte_write(
		(virt_to_mfn(table) << PAGE_SHIFT) + 40, MAKE_PTE(virt_to_mfn(table), flags));
	fact("into a live table", "%ld", live);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table)), 0);
	return error;
}

static long cycle(int level, u64 flags)
{
	u64 *a = table_alloc(), *b = table_alloc();
	long error;

	table_set(a, 5, MAKE_PTE(virt_to_mfn(b), flags));
	table_set(b, 5, MAKE_PTE(virt_to_mfn(a), flags));
	error = mmuext(pin[level], virt_to_mfn(a));
	if (!error)
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(a)), 0);
	return error;
}

static long chain(int level, u64 flags)
{
	u64 *next = table_alloc();
	long error;

	for (int i = 0; i < 100; i++) {
		u64 *table = table_alloc();

		table_set(table, 5, MAKE_PTE(virt_to_mfn(next), flags));
		next = table;
	}
	error = mmuext(pin[level], virt_to_mfn(next));
	if (!error)
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(next)), 0);
	return error;
}

TEST(pagetype_recursive, "tables that contain themselves or each other")
{
	for (int level = 2; level <= 4; level++) {
		fact("level", "%d", level);
		fact("self, writable", "%ld", self_map(level, PTE_TABLE));
		fact("self, read-only", "%ld", self_map(level, PTE_RO));
		fact("two, read-only", "%ld", cycle(level, PTE_RO));
		fact("chain of 100, read-only", "%ld", chain(level, PTE_RO));
		CHECK(self_map(level, PTE_TABLE) < 0);
		CHECK(cycle(level, PTE_TABLE) < 0);
	}
}
