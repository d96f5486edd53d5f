// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUID with the forced emulation prefix 0f 0b 78 65 6e (PV-ABI fact 25): the hypervisor's leaves
 * are at 0x40000000 with its signature, the interface version is in 0x40000001, and a guest never
 * sees the bits that PV cannot give it.
 */
#include "test.h"
#include <xen/arch-x86/cpuid.h>

static void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
		     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "a"(leaf), "c"(sub));
}

TEST(trap_cpuid, "emulated cpuid: hypervisor leaves and hidden features")
{
	u32 r[4];

	cpuid(0x40000000, 0, r);
	fact("signature", "%x %x %x", r[1], r[2], r[3]);
	fact("last leaf", "%x", r[0]);
	CHECK_EQ(r[1], XEN_CPUID_SIGNATURE_EBX);
	CHECK_EQ(r[2], XEN_CPUID_SIGNATURE_ECX);
	CHECK_EQ(r[3], XEN_CPUID_SIGNATURE_EDX);
	cpuid(0x40000001, 0, r);
	fact("version", "%x", r[0]);
	CHECK_EQ(r[0], 4 << 16 | 17);
	cpuid(0x40000002, 0, r);
	fact("hypercall pages, features", "%x %x", r[0], r[2]);
	cpuid(0x40000004, 0, r);
	fact("leaf 4 eax", "%x", r[0]);
	cpuid(0, 0, r);
	fact("vendor", "%x %x %x", r[1], r[3], r[2]);
	cpuid(1, 0, r);
	fact("hypervisor bit", "%u", r[2] >> 31);
	fact("leaf 1 ecx edx", "%x %x", r[2], r[3]);
	cpuid(7, 0, r);
	fact("leaf 7 ebx ecx edx", "%x %x %x", r[1], r[2], r[3]);
	fact("SMAP SMEP", "%u %u", r[1] >> 20 & 1, r[1] >> 7 & 1);
	CHECK_EQ(r[1] & (1u << 20 | 1u << 7), 0);
	cpuid(0x80000001, 0, r);
	fact("extended ecx edx", "%x %x", r[2], r[3]);
	fact("page1gb", "%u", r[3] >> 26 & 1);
	fact("prefix alone", "%s",
		trap_name(TRAP(asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; nop"))));
}
