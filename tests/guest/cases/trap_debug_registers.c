// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debug registers (PV-ABI fact 23): the addresses may not lie in the hypervisor's range, DR6 and
 * DR7 get their fixed bits, GD is refused, the upper halves must be clear, 4 and 5 are aliases. A
 * breakpoint that is armed gives the guest #DB with DR6 telling which; so does single-stepping.
 */
#include "test.h"

static long set(int index, u64 value)
{
	return HC(set_debugreg, index, value);
}

static u64 get(int index)
{
	return HC(get_debugreg, index);
}

static u64 watched;

TEST(trap_debug_registers, "set_debugreg: refusals, aliases, breakpoints")
{
	fact("address of ours", "%ld", set(0, (u64)&watched));
	fact("hypervisor's range", "%ld %ld", set(0, HYPERVISOR_VIRT_START),
		set(1, HYPERVISOR_VIRT_END - 1));
	fact("non-canonical", "%ld", set(0, NON_CANONICAL));
	fact("index 8", "%ld %ld", set(8, 0), (long)get(8));
	fact("DR6 high half", "%ld", set(6, 1ul << 32));
	fact("DR7 high half", "%ld", set(7, 1ul << 32));
	fact("DR7 GD", "%ld", set(7, 1 << 13));
	fact("DR4, DR5", "%ld %ld", set(4, 0), set(5, 0));
	fact("DR4, DR5 read", "%lx %lx", get(4), get(5));
	CHECK_EQ(set(6, 0), 0);
	CHECK_EQ(set(7, 0), 0);
	fact("DR6, DR7 of 0", "%lx %lx", get(6), get(7));
	CHECK(set(0, HYPERVISOR_VIRT_START) < 0);
	CHECK(set(7, 1 << 13) < 0);

	CHECK_EQ(set(0, (u64)&watched), 0);
	CHECK_EQ(get(0), (u64)&watched);
	CHECK_EQ(set(7, 0x000d0001), 0);
	CHECK_EQ(set(7, 0x000d0001), 0);
	fact("DR7 armed", "%lx", get(7));
	CHECK_EQ(TRAP(WRITE_ONCE(watched, 1)), TRAP_DB);
	fact("DR6 after a write", "%lx", get(6));
	CHECK_EQ(get(6) & 15, 1);
	CHECK_EQ(set(7, 0), 0);
	CHECK_EQ(set(6, 0), 0);
	CHECK_EQ(TRAP(WRITE_ONCE(watched, 2)), NO_TRAP);
	CHECK_EQ(set(0, 0), 0);

	CHECK_EQ(TRAP(asm volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::
					   : "memory", "cc")),
		TRAP_DB);
	fact("DR6 after a step", "%lx", get(6));
	fact("TF in the frame, live", "%d %d", !!(caught()->rflags & FLAG_TF),
		!!(caught()->live_flags & FLAG_TF));
	CHECK_EQ(set(6, 0), 0);
}
