// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every two-byte opcode 0f xx, and all 256 modrm bytes of the system groups 0f 00, 0f 01 and 0f ae,
 * in user mode of a child (SECURITY C11): each ends in a fault of the guest or in the int3 behind
 * it. The fact per group is how many ran and how many faulted which way; nothing else may happen.
 */
#include "test.h"

USER_CODE(opcode_first, ".fill 16, 1, 0xcc");

static u32 counts[20];
static u64 ran[4]; /* bit n: the one with byte n */

static int run(u8 *page, const u8 *bytes, int size)
{
	struct user_regs regs = user_regs(opcode_first);
	int vector;

	memset(page, 0xcc, 64);
	memcpy(page, bytes, size);
	regs.iret.rip = USER_DATA;
	regs.iret.rax = regs.rbx = regs.rdx = regs.rsi = regs.rdi = regs.rbp = USER_DATA + 2048;
	regs.iret.rcx = USER_DATA + 2048;
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	CHECK(vector == ENTRY_SYSCALL || vector == ENTRY_SYSCALL32 || (vector >= 0 && vector < 20));
	if (vector < 20)
		counts[vector]++;
	asm volatile("fninit; cld");
	return vector;
}

static void group(const char *name, u8 second, bool modrm)
{
	u8 *page = (u8 *)user_data();

	memset(counts, 0, sizeof(counts));
	memset(ran, 0, sizeof(ran));
	for (int i = 0; i < 256; i++) {
		u8 bytes[8] = { 0x0f, modrm ? second : i, modrm ? i : 0x00, 0, 0, 0, 0, 0 };

		if (run(page, bytes, modrm ? 8 : 3) == TRAP_BP)
			ran[i / 64] |= 1ul << (i % 64);
	}
	fact("ran", "%s: %016lx %016lx %016lx %016lx", name, ran[0], ran[1], ran[2], ran[3]);
	fact("group", "%s: #BP %u, #UD %u, #GP %u, #PF %u, #NM %u", name, counts[TRAP_BP],
		counts[TRAP_UD], counts[TRAP_GP], counts[TRAP_PF], counts[TRAP_NM]);
}

CHILD_TEST(trap_opcodes, "two-byte opcodes in user mode")
{
	user_init();
	group("0f xx", 0, false);
	group("0f 00", 0x00, true);
	group("0f 01", 0x01, true);
	group("0f ae", 0xae, true);
}
