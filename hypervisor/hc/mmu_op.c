/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page table hypercalls: lists of requests, copied in by the batch, handed to pv/mmu one at a time.
 * `who` names the owner of the frames (low half) and, in mmu_update, of the page tables (high half,
 * plus one). A call that stops goes on with the rest of its list; RESTARTED in the count says that
 * *done already holds what the earlier parts did (<xen/xen.h> mmu_update, PV-ABI 18).
 */
#include "core/softirq.h"
#include "hc/hypercall.h"
#include "pv/mmu.h"

#define RESTARTED 0x80000000u
#define BATCH	  16
#define PER_CHECK BATCH /* one request may be a table to look through: 512 entries */

/* Owns the machine-to-phys table's frames; no more than its number is ever looked at. */
static struct pv_domain domain_xen = { .common.id = DOMID_XEN };

/*
 * The domain whose frames may be mapped. DOMID_IO: NULL, only I/O frames at the caller's rights.
 * DOMID_XEN: what of ours the control domain's tools may read.
 */
static int frame_owner_get(u16 domid, struct domain **out)
{
	*out = NULL;
	if (domid == DOMID_IO)
		return 0;
	if (domid >= DOMID_FIRST_RESERVED && domid != DOMID_SELF && domid != DOMID_XEN)
		return fail(ESRCH);
	if (domid != DOMID_XEN)
		return hc_domain_get(domid, out);
	if (!current_domain()->privileged)
		return fail(EPERM);
	*out = &domain_xen.common;
	return 0;
}

static void owner_put(struct domain *d)
{
	if (d && d != &domain_xen.common)
		domain_put(d);
}

/* The count without its flag, and what earlier parts of the call did. */
static u32 restarted_count(u32 count, GUEST_PTR(u32) done, u32 *before)
{
	*before = 0;
	if (!(count & RESTARTED))
		return count;
	if (done.addr && guest_get(before, done, 0))
		*before = 0;
	return count & ~RESTARTED;
}

/* Report progress; a pointer that cannot be written does not undo what was done. */
static void report(GUEST_PTR(u32) done, u32 before, u32 now)
{
	u32 total = before + now;

	if (done.addr && guest_put(done, 0, &total))
		return;
}

static long run_updates(GUEST_PTR(mmu_update_t) reqs, u32 count, u32 *i, struct domain *tables,
	struct domain *frames)
{
	mmu_update_t batch[BATCH] __attribute__((uninitialized)); /* used once copied in */

	for (*i = 0; *i < count; ++*i) {
		const mmu_update_t *req = &batch[*i % BATCH];
		u64 left = count - *i;
		long ret;

		if (*i && *i % PER_CHECK == 0 && should_yield())
			return -ERESTART;
		if (*i % BATCH == 0 &&
			guest_in(batch, reqs.addr, *i, sizeof(*req), min(left, (u64)BATCH)))
			return -EFAULT;
		ret = mmu_update_one(req->ptr, req->val, tables, frames);
		if (ret)
			return ret;
	}
	return 0;
}

long hc_mmu_update(GUEST_PTR(mmu_update_t) reqs, u32 count, GUEST_PTR(u32) done, u32 who)
{
	struct domain *tables = current_domain(), *frames;
	u32 before, i = 0;
	long ret;

	if (who >> 16) {
		ret = hc_domain_get((u16)((who >> 16) - 1), &tables);
		if (ret)
			return ret;
	} else if (!domain_get(tables)) {
		return fail(ESRCH);
	}
	count = restarted_count(count, done, &before);
	ret = frame_owner_get((u16)who, &frames);
	if (!ret) {
		ret = run_updates(reqs, count, &i, tables, frames);
		owner_put(frames);
	}
	report(done, before, i); /* in any case: Linux goes on by it */
	domain_put(tables);
	if (ret == -ERESTART)
		return hc_restart(
			2, reqs.addr + i * sizeof(mmu_update_t), (u64)((count - i) | RESTARTED));
	return ret;
}

static long run_ext(GUEST_PTR(mmuext_op_t) ops, u32 count, u32 *i, struct domain *owner)
{
	mmuext_op_t op;

	for (*i = 0; *i < count; ++*i) {
		long ret;

		if (*i && should_yield()) /* a pin, or a flush on all CPUs, each */
			return -ERESTART;
		if (guest_get(&op, ops, *i))
			return -EFAULT;
		ret = mmuext_one(&op, owner);
		if (ret)
			return ret;
	}
	return 0;
}

long hc_mmuext_op(GUEST_PTR(mmuext_op_t) ops, u32 count, GUEST_PTR(u32) done, u32 who)
{
	struct domain *owner;
	u32 before, i;
	long ret;

	ret = hc_domain_get((u16)who, &owner);
	if (ret)
		return ret;
	count = restarted_count(count, done, &before);
	ret = run_ext(ops, count, &i, owner);
	report(done, before, i);
	domain_put(owner);
	if (ret == -ERESTART)
		return hc_restart(
			2, ops.addr + i * sizeof(mmuext_op_t), (u64)((count - i) | RESTARTED));
	return ret;
}

long hc_update_va_mapping(u64 va, u64 value, u64 flags)
{
	return mmu_update_va(va, value, flags, current_domain());
}

long hc_update_va_mapping_otherdomain(u64 va, u64 value, u64 flags, u16 domid)
{
	struct domain *frames;
	long ret = frame_owner_get(domid, &frames);

	if (ret)
		return ret;
	ret = mmu_update_va(va, value, flags, frames);
	owner_put(frames);
	return ret;
}
