// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The live flags on entry to the guest kernel for each way in from user mode, with each dangerous
 * flag set there (PV-ABI fact 3, SECURITY C13: xsa-44 and others): TF, NT and AC never survive, the
 * frame shows the user's value.
 */
#include "test.h"

USER_CODE(flags_syscall, "syscall; hlt");
USER_CODE(flags_ud, "ud2");
USER_CODE(flags_int3, "int3");
USER_CODE(flags_page, "movq 0, %rax");
USER_CODE(flags_gp, "hlt");
USER_CODE(flags_int80, "int $0x80");

static void one(const char *name, const u8 *code, u64 flags)
{
	struct user_regs regs = user_regs(code);
	int vector;

	regs.iret.rflags |= flags;
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	HC(set_debugreg, 6, 0);
	fact("entry", "%s with %lx: %s, frame %lx, live %lx", name, flags, trap_name(vector),
		caught()->rflags & (FLAG_TF | FLAG_DF | FLAG_AC | FLAG_ID | FLAG_IOPL),
		caught()->live_flags &
			(FLAG_TF | FLAG_DF | FLAG_AC | FLAG_NT | FLAG_IOPL | FLAG_RF));
	CHECK_EQ(caught()->live_flags & (FLAG_TF | FLAG_NT | FLAG_AC | FLAG_RF), 0);
	CHECK_EQ(caught()->live_flags & FLAG_IF, FLAG_IF);
}

TEST(trap_flags_matrix, "no dangerous flag survives an entry")
{
	static const u64 flags[] = { 0, FLAG_TF, FLAG_AC, FLAG_DF, FLAG_ID, FLAG_IOPL,
		FLAG_AC | FLAG_DF | FLAG_IOPL };

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		one("syscall", flags_syscall, flags[i]);
		one("#UD", flags_ud, flags[i]);
		one("#BP", flags_int3, flags[i]);
		one("#PF", flags_page, flags[i]);
		one("#GP", flags_gp, flags[i]);
		one("int 80", flags_int80, flags[i]);
	}
}
