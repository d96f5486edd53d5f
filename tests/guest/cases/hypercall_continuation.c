// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Long calls are interrupted for events and go on by themselves (SECURITY C5): while a periodic
 * timer ticks, batches of a thousand entries and a pin of a deep tree give the same result as if
 * they had run in one piece, and the caller sees nothing of it.
 */
#include "test.h"

#define COUNT 1024

static struct multicall_entry calls[COUNT];
static struct mmu_update updates[COUNT];

static void tick(void)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	struct vcpu_set_periodic_timer period = { 1000000 };

	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
	event_mask(virq.port, false);
	CHECK_EQ(HC(vcpu_op, VCPUOP_set_periodic_timer, 0, &period), 0);
}

static void big_tree(void)
{
	u64 *l2 = table_alloc(), *l1[8];

	for (int i = 0; i < 8; i++) {
		l1[i] = table_alloc();
		CHECK_EQ(page_set_flags(l1[i], PTE_RW_DATA), 0);
		for (int j = 0; j < 512; j++)
			l1[i][j] = MAKE_PTE(virt_to_mfn(&report_pages), PTE_RO);
		CHECK_EQ(page_set_flags(l1[i], PTE_RO), 0);
		table_set(l2, i, MAKE_PTE(virt_to_mfn(l1[i]), PTE_TABLE));
	}
	for (int round = 0; round < 20; round++) {
		CHECK_EQ(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2)), 0);
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l2)), 0);
	}
	for (int i = 0; i < 8; i++)
		CHECK_EQ(page_set_flags(l1[i], PTE_RW_DATA), 0);
}

CHILD_TEST(hypercall_continuation, "long batches under a ticking timer")
{
	u64 *page = page_alloc();
	u64 pte = pte_address((u64)page, 1), mfn = virt_to_mfn(page);
	u32 done = 0;

	tick();
	upcalls_enable();
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < COUNT; i++) {
			calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
				.args = { XENVER_version },
				.result = 1 };
			updates[i] = (struct mmu_update){ pte,
				MAKE_PTE(mfn, i & 1 ? PTE_RW_DATA : PTE_RO) };
		}
		CHECK_EQ(HC(multicall, calls, COUNT), 0);
		for (int i = 0; i < COUNT; i++)
			CHECK_EQ(calls[i].result, 4 << 16 | 17);
		CHECK_EQ(HC(mmu_update, updates, COUNT, &done, DOMID_SELF), 0);
		CHECK_EQ(done, COUNT);
	}
	big_tree();
	upcalls_disable();
}
