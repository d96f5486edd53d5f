// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLB across vcpus (PV-ABI fact 19, SECURITY C4): a page that becomes a page table may no longer be
 * writable through any vcpu's old translation; update_va_mapping with UVMF_ALL and the *_ALL
 * flushes reach the other vcpu too.
 */
#include "test.h"

enum { IDLE, WRITE, TRY, END };

static u64 *page;
static volatile int request, answer;
static volatile int vector;

static void other(void *argument)
{
	int done = IDLE;

	trap_reset();
	while (done != END) {
		done = request;
		if (done == WRITE)
			WRITE_ONCE(page[1], 0);
		if (done == TRY)
			vector = TRAP(WRITE_ONCE(page[1], 0));
		answer = done;
		while (request == done && done != END)
			;
	}
}

static void ask(int what)
{
	u64 start = 0;

	request = what;
	while (answer != what)
		CHECK(still_waiting(&start, 5));
}

CHILD_TEST(smp_tlb, "no vcpu keeps a writable translation of a page table")
{
	u64 mfn;

	page = page_alloc();
	mfn = virt_to_mfn(page);
	CHECK_EQ(vcpu_start(1, other, NULL), 0);
	for (int round = 0; round < 20; round++) {
		ask(WRITE); /* fills the other vcpu's TLB */
		/* No flush asked for: where the type changes it is the hypervisor's own duty. */
		CHECK_EQ(HC(update_va_mapping, page, MAKE_PTE(mfn, PTE_RO), UVMF_NONE), 0);
		CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
		ask(TRY);
		/* A write to a live L1 is emulated; a stale translation would have let it through
		 * unseen. */
		CHECK(vector == NO_TRAP || vector == TRAP_PF);
		CHECK_EQ(page[1], 0);
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
		CHECK_EQ(page_set_flags(page, PTE_RW_DATA), 0);
		ask(WRITE);
		/* With UVMF_ALL the other vcpu loses its translation whatever the type. */
		CHECK_EQ(page_set_flags(page, PTE_RO), 0);
		ask(TRY);
		CHECK_EQ(vector, TRAP_PF);
		CHECK_EQ(page_set_flags(page, PTE_RW_DATA), 0);
	}
	ask(END);
	CHECK(vcpu_wait(1, 5));
}
