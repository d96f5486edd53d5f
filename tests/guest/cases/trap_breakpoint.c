// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bounce frame of a trap without error code (PV-ABI facts 1 to 4): rcx, r11, rip, cs, rflags,
 * rsp, ss from the new stack pointer upwards, which is the interrupted one aligned down to 16
 * less 56. The selector is 0xe030: a guest in kernel mode sees RPL 0 in the frame though it runs in
 * ring 3. The previous upcall mask is in bits 32 to 39 of the cs slot; IF in the frame is its
 * opposite. INT3 is reported behind the instruction.
 */
#include "test.h"

static u64 stack_before, address;

static void breakpoint(u64 displacement)
{
	asm volatile("movq %%rsp, %%rbx; subq %2, %%rsp; movq %%rsp, %0;"
		     "leaq 1f(%%rip), %%rcx; movq %%rcx, %1;"
		     "movq $0x1111, %%rcx; movq $0x2222, %%r11; int3\n1: movq %%rbx, %%rsp"
		     : "=m"(stack_before), "=m"(address)
		     : "r"(displacement)
		     : "rbx", "rcx", "r11", "memory");
}

TEST(trap_breakpoint, "int3: frame contents, alignment and saved upcall mask")
{
	for (u64 displacement = 256; displacement < 272; displacement += 5) {
		CHECK_EQ(TRAP(breakpoint(displacement)), TRAP_BP);
		CHECK_EQ(caught()->rip, address);
		CHECK_EQ(caught()->rsp, stack_before);
		CHECK_EQ(caught()->entry_sp, (stack_before & ~15ul) - 56);
		CHECK_EQ(caught()->rcx, 0x1111);
		CHECK_EQ(caught()->r11, 0x2222);
	}
	CHECK_EQ(caught()->cs, 0xe030);
	CHECK_EQ(caught()->cs_high & 0xff, 1);
	CHECK_EQ(caught()->rflags & FLAG_IF, 0);
	CHECK_EQ(caught()->mask, 1);
	fact("cs", "%x", caught()->cs);
	fact("cs above 39", "%x", caught()->cs_high >> 8);
	fact("ss", "%x", caught()->ss);
	fact("live cs ss", "%x %x", caught()->live_cs, caught()->live_ss);
	fact("live IF IOPL", "%lx", caught()->live_flags & (FLAG_IF | FLAG_IOPL));

	upcalls_enable();
	CHECK_EQ(TRAP(breakpoint(256)), TRAP_BP);
	upcalls_disable();
	CHECK_EQ(caught()->cs_high & 0xff, 0);
	CHECK_EQ(caught()->rflags & FLAG_IF, FLAG_IF);
	CHECK_EQ(caught()->mask, 1);
	fact("rflags", "%lx", caught()->rflags & ~0x8d5ul);
}
