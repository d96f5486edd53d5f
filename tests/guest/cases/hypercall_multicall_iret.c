// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An iret inside a multicall ends it (PV-ABI, last part; xsa-213): the vcpu goes where the frame
 * says, here to user mode, and the entries behind it must not run there. rax is that of the frame,
 * also when it looks like the hypervisor's own -ERESTART.
 */
#include "test.h"

USER_CODE(multicall_iret_code, "int3");

static void end_with_rax(u64 rax)
{
	static struct multicall_entry calls[3] = {};
	struct user_regs regs = user_regs(multicall_iret_code);
	int vector;

	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
		.args = { XENVER_version } };
	calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_iret, .result = 77 };
	calls[2] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .result = 77 };
	regs.iret.rax = rax;
	vector = TRAP(hypercall_on_stack(__HYPERVISOR_multicall, (u64)calls, 3, &regs.iret));
	upcalls_disable();
	fact("ended by", "%s", trap_name(vector));
	CHECK_EQ(vector, TRAP_BP);
	CHECK_EQ(caught()->cs, FLAT_USER_CS);
	CHECK_EQ(caught()->rip, user_address(multicall_iret_code) + 1);
	CHECK_EQ(calls[0].result, 4 << 16 | 17);
	CHECK_EQ(calls[2].result, 77);
	CHECK_EQ(caught()->rax, rax);
}

TEST(hypercall_multicall_iret, "iret inside a multicall ends the multicall")
{
	end_with_rax(0x1234);
	end_with_rax(-85ul);
}
