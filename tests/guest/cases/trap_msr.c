// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSRs of a domU (PV-ABI facts 12 and 25, SECURITY C12): a short list can be read, unknown ones are
 * #GP; writes to the segment bases work with canonical values only (xsa-193). Nothing that is the
 * machine's own can be changed.
 */
#include "test.h"

static int rdmsr(u32 index, u64 *value)
{
	volatile u32 low = 0, high = 0;
	int vector = TRAP(asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index)));

	*value = (u64)high << 32 | low;
	return vector;
}

static int wrmsr(u32 index, u64 value)
{
	return TRAP(asm volatile("wrmsr" ::"c"(index), "a"((u32)value), "d"((u32)(value >> 32))));
}

/* Reading any of them must do no harm; which of the machine's own can be read is no fact. */
static void sweep(u32 first, u32 last)
{
	u64 value;

	for (u32 index = first; index < last; index++)
		rdmsr(index, &value);
}

CHILD_TEST(trap_msr, "rdmsr and wrmsr of a domU")
{
	static const u32 bases[] = { 0xc0000100, 0xc0000101, 0xc0000102 };
	static const u32 machine[] = { 0x1b, 0x1d9, 0x277, 0xc0000081, 0xc0000082, 0xc0000084,
		0x174, 0x176 };
	static const u32 named[] = { 0x10, 0x1b, 0xce, 0xfe, 0x179, 0x1a0, 0x277, 0xc0000080,
		0xc0000081, 0xc0000103 };
	u64 value;

	sweep(0, 0x1000);
	sweep(0x40000000, 0x40000200);
	sweep(0xc0000000, 0xc0000200);
	sweep(0xc0010000, 0xc0010200);
	for (unsigned int i = 0; i < ARRAY_SIZE(named); i++)
		fact("read", "%x: %s", named[i], trap_name(rdmsr(named[i], &value)));
	for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++) {
		CHECK_EQ(wrmsr(bases[i], 0x123456789000), NO_TRAP);
		CHECK_EQ(rdmsr(bases[i], &value), NO_TRAP);
		CHECK_EQ(value, 0x123456789000);
		fact("non-canonical base", "%s", trap_name(wrmsr(bases[i], NON_CANONICAL)));
		CHECK_EQ(wrmsr(bases[i], NON_CANONICAL), TRAP_GP);
		CHECK_EQ(wrmsr(bases[i], 0), NO_TRAP);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(machine); i++)
		fact("write", "%x: %s", machine[i], trap_name(wrmsr(machine[i], 0x12345000)));
	CHECK_EQ(rdmsr(0xc0000080, &value), NO_TRAP);
	fact("EFER", "%lx", value);
	fact("EFER with SCE off", "%s", trap_name(wrmsr(0xc0000080, value & ~1ul)));
	fact("EFER unchanged", "%s", trap_name(wrmsr(0xc0000080, value)));
	fact("unknown", "%s", trap_name(rdmsr(0x12345678, &value)));
	fact("unknown written", "%s", trap_name(wrmsr(0x12345678, 0)));
}
