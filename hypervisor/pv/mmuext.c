/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MMUEXT operations (<xen/xen.h>, PV-ABI 16, 18, 19): pins, base pointers, flushes, page copies.
 * hc/ loops over the array and copies each operation in; a flush by vcpu bitmap reads the bitmap
 * here because only here its length is known.
 */
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/pte.h"
#include "x86/guest_cpu.h"
#include "lib/string.h"

static int only_self(const struct domain *owner)
{
	return owner == current_vcpu()->domain ? 0 : fail(EPERM);
}

static int flush_multi(const struct mmuext_op *op, struct domain *d)
{
	u64 bitmap[MAX_VCPUS / 64];
	struct cpumask cpus;

	if (guest_copy_in(bitmap, (u64)op->arg2.vcpumask.p, round_up(d->max_vcpus, 64) / 8))
		return fail(EINVAL);
	mmu_vcpu_cpus(d, bitmap, &cpus);
	if (op->cmd == MMUEXT_TLB_FLUSH_MULTI)
		tlb_flush(&cpus);
	else if (guest_address_ok(op->arg1.linear_addr))
		tlb_flush_va(&cpus, op->arg1.linear_addr);
	return 0;
}

static int flush_some(const struct mmuext_op *op, struct domain *d)
{
	const struct cpumask *everywhere = &pv_of(d)->dirty_cpus;
	const u64 va = op->arg1.linear_addr;
	struct cpumask own = { 0 };

	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
		cpumask_set(&own, cpu_id());
		tlb_flush(&own);
		break;
	case MMUEXT_TLB_FLUSH_ALL: tlb_flush(everywhere); break;
	case MMUEXT_INVLPG_LOCAL:
		if (guest_address_ok(va))
			tlb_flush_va_local(va);
		break;
	default:
		if (guest_address_ok(va))
			tlb_flush_va(everywhere, va);
	}
	return 0;
}

static int page_write(const struct mmuext_op *op, struct domain *owner)
{
	mfn_t to = mfn(op->arg1.mfn), from = mfn(op->arg2.src_mfn);
	bool copy = op->cmd == MMUEXT_COPY_PAGE;
	int r = pagetype_begin(owner);

	if (r)
		return r;
	if (copy && (!frame_valid(from) || !page_get(page_of(from), owner)))
		return fail(EINVAL);
	r = pagetype_page_get(to, PT_WRITABLE, owner);
	if (!r) {
		if (copy)
			page_copy(frame_map(to), frame_map(from));
		else
			page_clear(frame_map(to));
		pagetype_page_put(page_of(to));
	}
	if (copy)
		page_put(page_of(from));
	return r;
}

static int cache_op(const struct domain *d)
{
	if (!d->privileged)
		return fail(EPERM);
	cache_flush();
	return 0;
}

int mmuext_one(struct mmuext_op *op, struct domain *owner)
{
	struct vcpu *v = current_vcpu();
	int r = 0;

	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return pagetype_pin(
			owner, mfn(op->arg1.mfn), PT_L1 + op->cmd - MMUEXT_PIN_L1_TABLE);
	case MMUEXT_UNPIN_TABLE: return pagetype_unpin(owner, mfn(op->arg1.mfn));
	case MMUEXT_NEW_BASEPTR:
		r = only_self(owner);
		return r ? r : mmu_set_kernel_l4(v, mfn(op->arg1.mfn));
	case MMUEXT_NEW_USER_BASEPTR:
		r = only_self(owner);
		return r ? r : mmu_set_user_l4(v, mfn(op->arg1.mfn));
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL: r = only_self(owner); return r ? r : flush_some(op, owner);
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI: r = only_self(owner); return r ? r : flush_multi(op, owner);
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL: return cache_op(owner);
	case MMUEXT_SET_LDT:
		r = only_self(owner);
		return r ? r : desc_set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
	case MMUEXT_CLEAR_PAGE:
	case MMUEXT_COPY_PAGE: return page_write(op, owner);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER: return fail(EOPNOTSUPP);
	default: return fail(ENOSYS);
	}
}
