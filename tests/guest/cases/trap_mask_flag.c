// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trap_info flag 4 sets the upcall mask on entry, without it the mask stays (PV-ABI fact 10). The
 * set_trap_table call changes the vectors that it names only; a null pointer clears all; handlers
 * at non-canonical addresses are refused or harmless (SECURITY C7).
 */
#include "test.h"

TEST(trap_mask_flag, "trap table flags and partial updates")
{
	struct trap_info table[2] = { { TRAP_UD, 0, FLAT_KERNEL_CS,
		(u64)trap_entries + 16 * TRAP_UD } };

	upcalls_enable();
	CHECK_EQ(TRAP(asm volatile("ud2")), TRAP_UD);
	upcalls_disable();
	CHECK_EQ(caught()->mask, 1);
	CHECK_EQ(HC(set_trap_table, table), 0);
	upcalls_enable();
	CHECK_EQ(TRAP(asm volatile("ud2")), TRAP_UD);
	upcalls_disable();
	CHECK_EQ(caught()->mask, 0);
	CHECK_EQ(TRAP(asm volatile("int3")), TRAP_BP);

	table[0].address = NON_CANONICAL;
	fact("non-canonical handler", "%ld", HC(set_trap_table, table));
	table[0].address = HYPERVISOR_VIRT_START;
	fact("hypervisor's handler", "%ld", HC(set_trap_table, table));
	table[0] = (struct trap_info){ TRAP_UD, 4, 0xe008, (u64)trap_entries + 16 * TRAP_UD };
	fact("hypervisor's selector", "%ld", HC(set_trap_table, table));
	upcalls_disable();
	CHECK_EQ(TRAP(asm volatile("ud2")), TRAP_UD);
	fact("entered with cs", "%x", caught()->live_cs);
	fact("unmapped table", "%ld", HC(set_trap_table, UNMAPPED));
	fact("hypervisor's table", "%ld", HC(set_trap_table, HYPERVISOR_VIRT_START));
}
