// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that the hypervisor itself writes for the guest (shared_info, grant table frames) can be
 * mapped writable but must never become a page table or a descriptor page (SECURITY C1, C8): a bit
 * set in them by an event or a grant would otherwise change a live translation.
 */
#include "test.h"

static void refused(const char *what, u64 mfn)
{
	xen_pfn_t frame = mfn;

	fact("page", "%s: pin L1 %ld, pin L4 %ld, set_gdt %ld, base pointer %ld", what,
		mmuext(MMUEXT_PIN_L1_TABLE, mfn), mmuext(MMUEXT_PIN_L4_TABLE, mfn),
		HC(set_gdt, &frame, 8), mmuext(MMUEXT_NEW_USER_BASEPTR, mfn));
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn) < 0);
	CHECK(mmuext(MMUEXT_PIN_L2_TABLE, mfn) < 0);
	CHECK(mmuext(MMUEXT_PIN_L3_TABLE, mfn) < 0);
	CHECK(mmuext(MMUEXT_PIN_L4_TABLE, mfn) < 0);
	CHECK(HC(set_gdt, &frame, 8) < 0);
	fact("clear it by mmuext", "%ld", mmuext(MMUEXT_CLEAR_PAGE, mfn));
}

CHILD_TEST(pagetype_shared_pages, "shared_info and grant frames cannot become tables")
{
	u64 grants = (u64)grant_table(), frame = PTE_FRAME(pte_read(grants, 1));

	/* Without any mapping of the guest's own. */
	CHECK_EQ(va_write((void *)grants, 0), 0);
	refused("grant frame", frame);
	CHECK_EQ(va_write((void *)grants, MAKE_PTE(frame, PTE_RW_DATA)), 0);
	CHECK_EQ(va_write(shared_info, MAKE_PTE(start_info->shared_info >> PAGE_SHIFT, PTE_RO)), 0);
	refused("shared_info", start_info->shared_info >> PAGE_SHIFT);
	CHECK_EQ(
		va_write(shared_info, MAKE_PTE(start_info->shared_info >> PAGE_SHIFT, PTE_RW_DATA)),
		0);
}
