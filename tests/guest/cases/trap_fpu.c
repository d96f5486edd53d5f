// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CR0.TS is the guest's own (PV-ABI fact 24): fpu_taskswitch(1) makes the next FPU instruction #NM,
 * which is delivered with TS already clear; clts and a CR0 write change it too. Register contents
 * survive hypercalls and rescheduling (SECURITY C15: FPU isolation).
 */
#include "test.h"

static void set_xmm(u64 value)
{
	asm volatile("movq %0, %%xmm0; movq %0, %%xmm15" ::"r"(value));
}

static u64 get_xmm(void)
{
	u64 a, b;

	asm volatile("movq %%xmm0, %0; movq %%xmm15, %1" : "=r"(a), "=r"(b));
	return a == b ? a : ~0ul;
}

static u64 read_cr0(void)
{
	u64 cr0;

	asm volatile("movq %%cr0, %0" : "=r"(cr0));
	return cr0;
}

TEST(trap_fpu, "virtual CR0.TS, #NM, contents kept")
{
	u64 cr0 = read_cr0();

	fact("CR0 bits MP EM TS ET NE WP PG", "%lx", cr0 & 0x8001003f);
	set_xmm(0x1234);
	CHECK_EQ(HC(fpu_taskswitch, 1), 0);
	fact("TS seen", "%lx", read_cr0() & 8);
	CHECK_EQ(TRAP((void)get_xmm()), TRAP_NM);
	fact("TS after #NM", "%lx", read_cr0() & 8);
	CHECK_EQ(read_cr0() & 8, 0);
	CHECK_EQ(TRAP((void)get_xmm()), NO_TRAP);
	CHECK_EQ(get_xmm(), 0x1234);

	CHECK_EQ(HC(fpu_taskswitch, 1), 0);
	CHECK_EQ(TRAP(asm volatile("clts")), NO_TRAP);
	CHECK_EQ(TRAP((void)get_xmm()), NO_TRAP);
	CHECK_EQ(TRAP(asm volatile("movq %0, %%cr0" ::"r"(cr0 | 8))), NO_TRAP);
	CHECK_EQ(TRAP((void)get_xmm()), TRAP_NM);
	fact("CR0 with PG clear", "%s",
		trap_name(TRAP(asm volatile("movq %0, %%cr0" ::"r"(cr0 & ~(1ul << 31))))));
	CHECK_EQ(HC(fpu_taskswitch, 1), 0);
	CHECK_EQ(HC(fpu_taskswitch, 0), 0);
	CHECK_EQ(TRAP((void)get_xmm()), NO_TRAP);

	set_xmm(0x5678);
	for (int i = 0; i < 20; i++)
		HC(sched_op, SCHEDOP_yield, NULL);
	CHECK_EQ(get_xmm(), 0x5678);
}
