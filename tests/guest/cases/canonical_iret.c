// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iret to a non-canonical rip or rsp, to user mode and to kernel mode, as iret and as sysret
 * (VGCF_in_syscall): xsa-7. The guest gets a fault of its own, the hypervisor none.
 */
#include "test.h"

USER_CODE(canonical_iret_code, "int3");

static void user(const char *what, u64 rip, u64 rsp, u64 how)
{
	struct user_regs regs = user_regs(canonical_iret_code);
	int vector;

	regs.iret.flags = how;
	if (rip)
		regs.iret.rip = rip;
	if (rsp)
		regs.iret.rsp = rsp;
	vector = TRAP(user_enter(&regs));
	upcalls_disable();
	fact("iret", "%s, flags %lx: %s", what, how, trap_name(vector));
	CHECK(rsp || vector != TRAP_BP);
}

TEST(canonical_iret, "iret to non-canonical addresses faults in the guest")
{
	for (u64 how = 0; how <= VGCF_in_syscall; how += VGCF_in_syscall) {
		user("rip hole", NON_CANONICAL, 0, how);
		user("rip last byte", 0x7fffffffffff, 0, how);
		user("rip in the hypervisor", HYPERVISOR_VIRT_START, 0, how);
		user("rip middle", 0x4000000000000000, 0, how);
		user("rsp hole", 0, NON_CANONICAL, how);
	}
}
