// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VCPUOP_register_vcpu_info (PV-ABI fact 21): the 64 bytes move to a place of the guest's, once;
 * everything may be pending afterwards: all selector bits and upcall_pending are set. A bad frame,
 * an offset that crosses the page end or is not a multiple of 8 are EINVAL and change nothing.
 */
#include "test.h"

static long move(u64 mfn, u32 offset)
{
	struct vcpu_register_vcpu_info r = { .mfn = mfn, .offset = offset };

	return HC(vcpu_op, VCPUOP_register_vcpu_info, 0, &r);
}

CHILD_TEST(vcpu_info_move, "register_vcpu_info: effect, once only, refusals")
{
	u8 *page = page_alloc();
	struct vcpu_info *info = (struct vcpu_info *)(page + 128);
	u64 mfn = virt_to_mfn(page);
	u32 other;
	long port;

	fact("misaligned", "%ld", move(mfn, 4));
	fact("crosses the page", "%ld", move(mfn, 4096 - 56));
	fact("no such frame", "%ld", move(1ul << 40, 0));
	fact("page table", "%ld", move(l4_mfn(), 0));
	CHECK_EQ(vcpu_self()->info->evtchn_upcall_mask, 1);
	CHECK_EQ(move(mfn, 128), 0);
	fact("selector, pending, mask", "%lx %u %u", info->evtchn_pending_sel,
		info->evtchn_upcall_pending, info->evtchn_upcall_mask);
	CHECK_EQ(info->evtchn_pending_sel, ~0ul);
	CHECK_EQ(info->evtchn_upcall_pending, 1);
	fact("again", "%ld", move(mfn, 256));
	vcpu_self()->info = info;
	event_dispatch();
	port = event_bind_self(&other);
	CHECK(port > 0);
	upcalls_enable();
	CHECK_EQ(event_send(other), 0);
	upcalls_disable();
	CHECK_EQ(event_count[port], 1);
	CHECK_EQ(TRAP((void)*(volatile u8 *)UNMAPPED), TRAP_PF);
	CHECK_EQ(caught()->cr2, UNMAPPED);
	fact("mapped elsewhere still writable", "%ld", page_set_flags(page, PTE_RW_DATA));
	fact("as a page table", "%ld",
		page_set_flags(page, PTE_RO) ?: mmuext(MMUEXT_PIN_L1_TABLE, mfn));
}
