// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every interface that takes an address, with the edges of the canonical halves and of the
 * hypervisor's range (SECURITY C7: xsa-7, 193, 279, 444). The facts are what each returns;
 * afterwards everything still works.
 */
#include "test.h"

static const u64 edges[] = {
	0,
	0x7ffffffff000,
	0x7fffffffffff,
	0x800000000000,
	0x4000000000000000,
	0xffff7fffffffffff,
	HYPERVISOR_VIRT_START,
	HYPERVISOR_VIRT_END - 1,
	HYPERVISOR_VIRT_END,
	0xfffffffffffff000,
	~0ul,
};

static long callback(unsigned int type, u64 address)
{
	struct callback_register r = { type, 0, address };

	return HC(callback_op, CALLBACKOP_register, &r);
}

static long runstate(u64 address)
{
	struct vcpu_register_runstate_memory_area area = { .addr.p = address };

	return HC(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &area);
}

static long time_area(u64 address)
{
	struct vcpu_register_time_memory_area area = { .addr.p = address };

	return HC(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &area);
}

static void from_hypercalls(u64 a)
{
	fact("callbacks", "event %ld failsafe %ld syscall %ld nmi %ld",
		callback(CALLBACKTYPE_event, a), callback(CALLBACKTYPE_failsafe, a),
		callback(CALLBACKTYPE_syscall, a), callback(CALLBACKTYPE_nmi, a));
	fact("bases", "fs %ld user %ld kernel %ld", HC(set_segment_base, SEGBASE_FS, a),
		HC(set_segment_base, SEGBASE_GS_USER, a),
		HC(set_segment_base, SEGBASE_GS_KERNEL, a));
	fact("debug register, stack, va", "%ld %ld %ld", HC(set_debugreg, 3, a),
		HC(stack_switch, FLAT_KERNEL_SS, a),
		HC(update_va_mapping, a & PAGE_MASK, 0, UVMF_INVLPG));
	fact("set_callbacks, runstate, time", "%ld %ld %ld", HC(set_callbacks, a, a, a),
		runstate(a), time_area(a));
	fact("invlpg", "%ld",
		mmuext_op((struct mmuext_op){ .cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = a }));
	trap_reset();
}

CHILD_TEST(canonical_addresses, "edge addresses in every address-taking hypercall")
{
	static struct vcpu_runstate_info runstate_here;

	for (unsigned int i = 0; i < ARRAY_SIZE(edges); i++) {
		fact("address", "%lx", edges[i]);
		from_hypercalls(edges[i]);
	}
	CHECK_EQ(runstate((u64)&runstate_here), 0);
	CHECK_EQ(HC(set_debugreg, 3, 0), 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_FS, 0), 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_GS_KERNEL, 0), 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_GS_USER, 0), 0);
	CHECK_EQ(HC(stack_switch, FLAT_KERNEL_SS, stack_top(&entry_stack[0])), 0);
	CHECK_EQ(TRAP(asm volatile("ud2")), TRAP_UD);
}
