// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmuext_op: count done on failure, unknown commands ENOSYS, TLB and cache commands accepted
 * (INVLPG of a non-canonical address is ignored: PV-ABI fact 18, xsa-279), CLEAR_PAGE and COPY_PAGE
 * only on frames of ours that may be written.
 */
#include "test.h"

static long with_vcpus(unsigned int command, u64 mask, u64 address)
{
	struct mmuext_op op = { .cmd = command, .arg1.linear_addr = address };

	set_xen_guest_handle(op.arg2.vcpumask, (void *)&mask);
	return mmuext_op(op);
}

TEST(mmu_ext_ops, "mmuext_op: flushes, clear, copy, unknown")
{
	u64 *page = page_alloc(), *from = page_alloc(), *table = table_alloc();
	struct mmuext_op ops[3] = {
		{ .cmd = MMUEXT_TLB_FLUSH_LOCAL },
		{ .cmd = 99 },
		{ .cmd = MMUEXT_TLB_FLUSH_LOCAL },
	};
	u32 done = 77;

	fact("unknown in the middle", "%ld", HC(mmuext_op, ops, 3, &done, DOMID_SELF));
	fact("done", "%u", done);
	fact("TLB_FLUSH_LOCAL", "%ld", mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0));
	fact("TLB_FLUSH_ALL", "%ld", mmuext(MMUEXT_TLB_FLUSH_ALL, 0));
	fact("INVLPG_LOCAL non-canonical", "%ld", mmuext(MMUEXT_INVLPG_LOCAL, NON_CANONICAL));
	fact("INVLPG_ALL non-canonical", "%ld", mmuext(MMUEXT_INVLPG_ALL, NON_CANONICAL));
	fact("INVLPG_ALL hypervisor", "%ld", mmuext(MMUEXT_INVLPG_ALL, HYPERVISOR_VIRT_START));
	fact("TLB_FLUSH_MULTI self", "%ld", with_vcpus(MMUEXT_TLB_FLUSH_MULTI, 1, 0));
	fact("TLB_FLUSH_MULTI all bits", "%ld", with_vcpus(MMUEXT_TLB_FLUSH_MULTI, ~0ul, 0));
	fact("INVLPG_MULTI", "%ld", with_vcpus(MMUEXT_INVLPG_MULTI, 3, (u64)page));
	fact("TLB_FLUSH_MULTI bad mask", "%ld",
		mmuext_op((struct mmuext_op){ .cmd = MMUEXT_TLB_FLUSH_MULTI }));
	fact("FLUSH_CACHE", "%ld", mmuext(MMUEXT_FLUSH_CACHE, 0));
	fact("FLUSH_CACHE_GLOBAL", "%ld", mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0));
	fact("MARK_SUPER", "%ld", mmuext(MMUEXT_MARK_SUPER, virt_to_mfn(page)));

	page[5] = 1;
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(page)), 0);
	CHECK_EQ(page[5], 0);
	from[5] = 7;
	CHECK_EQ(mmuext_op((struct mmuext_op){ .cmd = MMUEXT_COPY_PAGE,
			 .arg1.mfn = virt_to_mfn(page),
			 .arg2.src_mfn = virt_to_mfn(from) }),
		0);
	CHECK_EQ(page[5], 7);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table)), 0);
	fact("CLEAR_PAGE of a table", "%ld", mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(table)));
	fact("CLEAR_PAGE of nothing", "%ld", mmuext(MMUEXT_CLEAR_PAGE, 1ul << 40));
	fact("COPY_PAGE to a table", "%ld",
		mmuext_op((struct mmuext_op){ .cmd = MMUEXT_COPY_PAGE,
			.arg1.mfn = virt_to_mfn(table),
			.arg2.src_mfn = virt_to_mfn(from) }));
	CHECK(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(table)) < 0);
	CHECK_EQ(HC(mmuext_op, ops, 0, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 0);
	fact("foreign domain 0x1234", "%ld", HC(mmuext_op, ops, 1, &done, 0x1234));
}
