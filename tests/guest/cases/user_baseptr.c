// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user L4 is a table of its own (PV-ABI fact 15): NEW_USER_BASEPTR validates the frame as an L4
 * and holds its type, 0 removes it, something that is no L4 is refused and the old one stays. It
 * need not be pinned (fact 16).
 */
#include "test.h"

USER_CODE(user_baseptr_code, "int3");

TEST(user_baseptr, "NEW_USER_BASEPTR: type held, 0 removes, garbage refused")
{
	struct user_regs regs = user_regs(user_baseptr_code);
	u64 *l4 = table_alloc(), *data = page_alloc();
	u64 old = user_l4_mfn();

	table_set(l4, 0, pte_read(USER_TEXT, 4));
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(l4)), 0);
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
	fact("map it writable while in use", "%ld", page_set_flags(l4, PTE_RW_DATA));
	CHECK(page_set_flags(l4, PTE_RW_DATA) < 0);
	fact("a data page", "%ld", mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(data)));
	fact("no such frame", "%ld", mmuext(MMUEXT_NEW_USER_BASEPTR, 1ul << 40));
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();

	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
	CHECK_EQ(page_set_flags(l4, PTE_RW_DATA), 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, old), 0);
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
}
