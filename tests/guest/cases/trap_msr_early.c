// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Early in boot, with no #GP handler in the trap table, an rdmsr of an unknown MSR is not injected
 * (and so does not crash the domain): it reads as if nothing was there (PV-ABI fact 25). A wrmsr is
 * not let off.
 */
#include "test.h"

CHILD_TEST(trap_msr_early, "rdmsr without a #GP handler does not crash the domain")
{
	u32 low = 0x1234, high = 0x5678;

	CHECK_EQ(HC(set_trap_table, NULL), 0);
	asm volatile("rdmsr" : "+a"(low), "+d"(high) : "c"(0x12345678));
	trap_reset();
	fact("eax edx", "%x %x", low, high);
}

CRASH_TEST(trap_msr_early_write, "wrmsr without a #GP handler crashes it")
{
	CHECK_EQ(HC(set_trap_table, NULL), 0);
	asm volatile("wrmsr" ::"c"(0x12345678), "a"(0), "d"(0));
}
