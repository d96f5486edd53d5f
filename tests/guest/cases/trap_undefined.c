// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UD2 in kernel mode is a fault: rip at the instruction, no error code, live flags TF, NT, RF, AC
 * clear on entry even when they were set (PV-ABI fact 3); DF is left as it was. rdi, rsi and the
 * others are not touched (fact 1).
 */
#include "test.h"

static u64 address;

TEST(trap_undefined, "ud2: flags on entry and untouched registers")
{
	volatile u64 flags = FLAG_NT | FLAG_AC | FLAG_ID;

	CHECK_EQ(TRAP(asm volatile("leaq 1f(%%rip), %%rax; movq %%rax, %0;"
				   "movq $0x3333, %%rdi; movq $0x4444, %%rsi;"
				   "movq $0x5555, %%r10; movq $0x6666, %%r8;"
				   "pushfq; orq %1, (%%rsp); popfq; std\n1: ud2"
				   : "=m"(address)
				   : "r"(flags)
				   : "rax", "rdi", "rsi", "r10", "r8", "memory")),
		TRAP_UD);
	asm volatile(
		"pushfq; andq %0, (%%rsp); popfq; cld" ::"i"((int)~(FLAG_NT | FLAG_AC | FLAG_ID))
		: "memory");
	CHECK_EQ(caught()->rip, address);
	CHECK_EQ(caught()->rdi, 0x3333);
	CHECK_EQ(caught()->rsi, 0x4444);
	CHECK_EQ(caught()->r10, 0x5555);
	CHECK_EQ(caught()->r8, 0x6666);
	fact("frame NT AC ID DF", "%lx", caught()->rflags & (flags | FLAG_DF));
	fact("live NT AC ID DF TF RF", "%lx",
		caught()->live_flags & (flags | FLAG_DF | FLAG_TF | FLAG_RF));
	CHECK_EQ(caught()->rflags & flags, flags);
	CHECK_EQ(caught()->live_flags & (FLAG_NT | FLAG_AC | FLAG_TF | FLAG_RF), 0);
}
