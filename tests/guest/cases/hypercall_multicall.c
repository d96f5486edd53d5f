// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A multicall runs its entries in order and puts each result into its entry; an unknown number
 * gives that entry ENOSYS and the rest goes on (PV-ABI, last part). A nested multicall is refused.
 * The call itself fails only for its array.
 */
#include "test.h"

TEST(hypercall_multicall, "results per entry, unknown numbers, bad arrays")
{
	struct multicall_entry calls[4] = {
		{ .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
		{ .op = 63, .result = 1 },
		{ .op = __HYPERVISOR_multicall, .args = { (u64)calls, 1 }, .result = 1 },
		{ .op = __HYPERVISOR_sched_op, .args = { SCHEDOP_yield }, .result = 1 },
	};
	struct multicall_entry first = calls[0];
	u64 *page = page_alloc(), *other = page_alloc();

	CHECK_EQ(HC(multicall, calls, 4), 0);
	CHECK_EQ(calls[0].result, 4 << 16 | 17);
	fact("unknown number", "%ld", (long)calls[1].result);
	fact("nested", "%ld", (long)calls[2].result);
	CHECK_EQ(calls[1].result, -XEN_ENOSYS);
	CHECK_EQ(calls[3].result, 0);
	CHECK_EQ(first.op, calls[0].op);

	other[0] = 3;
	calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_update_va_mapping,
		.args = { (u64)page, MAKE_PTE(virt_to_mfn(other), PTE_RW_DATA), UVMF_INVLPG } };
	calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_update_va_mapping,
		.args = { UNMAPPED, 0, 0 } };
	calls[2] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
		.args = { XENVER_version } };
	CHECK_EQ(HC(multicall, calls, 3), 0);
	CHECK_EQ(READ_ONCE(page[0]), 3);
	CHECK_EQ(calls[1].result, -XEN_EINVAL);
	CHECK_EQ(calls[2].result, 4 << 16 | 17);

	fact("none", "%ld", HC(multicall, calls, 0));
	fact("unmapped array", "%ld", HC(multicall, UNMAPPED, 1));
	fact("hypervisor's array", "%ld", HC(multicall, HYPERVISOR_VIRT_START, 1));
	fact("2^32-1 of them", "%ld", HC(multicall, UNMAPPED, ~0u));
	fact("operation 2^32 + 17", "%ld",
		(calls[0] = first, calls[0].op |= 1ul << 32, HC(multicall, calls, 1)));
	fact("its result", "%lx", calls[0].result);
}
