// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iret to selectors that the processor refuses: Xen 4.17 gives the guest the #GP itself (PV-ABI
 * fact 11 expected the failsafe callback): its frame shows the rip, cs, ss that could not be loaded
 * and the selector as the error code.
 */
#include "test.h"

USER_CODE(trap_iret_code, "int3");

static void with(const char *what, u64 cs, u64 ss, u64 rip)
{
	struct user_regs regs = user_regs(trap_iret_code);
	int vector;

	regs.iret.cs = cs;
	regs.iret.ss = ss;
	if (rip)
		regs.iret.rip = rip;
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	fact("iret", "%s: %s", what, trap_name(vector));
	if (vector == TRAP_BP)
		return;
	CHECK_EQ(caught()->rip, regs.iret.rip);
	fact("frame", "cs %x ss %x error %lx", caught()->cs, caught()->ss, caught()->error);
}

TEST(trap_iret_fault, "iret to selectors that cannot be loaded")
{
	with("good", FLAT_USER_CS, FLAT_USER_SS, 0);
	with("empty cs", 0x1003, FLAT_USER_SS, 0);
	CHECK(caught()->vector != TRAP_BP);
	with("null cs", 3, FLAT_USER_SS, 0);
	with("data cs", FLAT_USER_SS, FLAT_USER_SS, 0);
	with("beyond the GDT", 0xfff3, FLAT_USER_SS, 0);
	with("hypervisor's own cs", 0xe00b, FLAT_USER_SS, 0);
	with("null ss", FLAT_USER_CS, 3, 0);
	with("empty ss", FLAT_USER_CS, 0x1003, 0);
	with("code ss", FLAT_USER_CS, FLAT_USER_CS, 0);
}
