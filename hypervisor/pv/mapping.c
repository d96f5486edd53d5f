/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping granted frames into a guest's page tables (<xen/grant_table.h> GNTMAP_*). The entry is
 * named by the machine address of a PTE (GNTMAP_contains_pte) or by the virtual address that it
 * maps. core/grant.c checked the grant and holds references of its own for the mapping; the entry
 * takes another page reference, and a type one when writable, so that it is given back like any
 * other entry, also when the guest overwrites it.
 */
#include <xen/grant_table.h>

#include "pv/mmu.h"
#include "pv/pte.h"

/* The L1 entry that host_addr names, its table held; NULL and *status set otherwise. */
static struct page *entry_get(struct vcpu *v, u64 host_addr, u32 flags, u64 **entry, int *status)
{
	enum pagetype type;
	struct page *p;
	mfn_t m = mfn(host_addr >> PAGE_SHIFT);

	*status = GNTST_general_error;
	if (!(flags & GNTMAP_contains_pte))
		return mmu_l1_get(v, host_addr, entry);
	if ((host_addr & 7) || !frame_valid(m) || !page_get(page_of(m), v->domain))
		return NULL;
	p = page_of(m);
	if (!pagetype_get_table(p, &type)) {
		page_put(p);
		return NULL;
	}
	if (type != PT_L1) {
		mmu_l1_put(p);
		return NULL;
	}
	*entry = (u64 *)frame_map(m) + (host_addr & ~PAGE_MASK) / 8;
	return p;
}

/* GNTMAP_application_map: user code may use it; device entries and the guest's own software bits as
 * it asked. */
static u64 grant_pte(u32 flags, mfn_t frame)
{
	u64 pte = frame.n << PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED;

	if (!(flags & GNTMAP_readonly))
		pte |= PTE_WRITE | PTE_DIRTY;
	if (flags & GNTMAP_application_map)
		pte |= PTE_USER;
	pte |= (u64)(flags >> _GNTMAP_guest_avail0 & 7) << 9;
	return pte_adjust(1, pte | PTE_NX);
}

static int frame_get(mfn_t frame, bool writable, struct domain *d)
{
	struct page *p = page_of(frame);

	if (!frame_valid(frame) || !page_get_any(p))
		return fail(EINVAL);
	if (writable && pagetype_get_writable(p, !page_owned_by(p, d->id))) {
		page_put(p);
		return fail(EINVAL);
	}
	return 0;
}

int mmu_grant_map(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame)
{
	u64 new = grant_pte(gnt_flags, frame), old = 0;
	struct page *l1;
	u64 *entry;
	int status;

	l1 = entry_get(v, host_addr, gnt_flags, &entry, &status);
	if (!l1)
		return status;
	if (frame_get(frame, new &PTE_WRITE, v->domain)) {
		mmu_l1_put(l1);
		return GNTST_general_error;
	}
	old = atomic_xchg(entry, new);
	pte_put_l1(old, v->domain);
	mmu_l1_put(l1);
	return GNTST_okay;
}

/* For unmap_and_replace: take the entry at new_addr away (its references move with it), 0 when
 * there is none. */
static int entry_steal(struct vcpu *v, u64 new_addr, u64 *pte)
{
	struct page *l1;
	u64 *entry;

	*pte = 0;
	if (!new_addr)
		return GNTST_okay;
	l1 = mmu_l1_get(v, new_addr, &entry);
	if (!l1)
		return GNTST_general_error;
	*pte = atomic_xchg(entry, 0);
	mmu_l1_put(l1);
	return GNTST_okay;
}

int mmu_grant_unmap(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 new_addr)
{
	u64 old, new;
	struct page *l1;
	u64 *entry;
	int status;

	l1 = entry_get(v, host_addr, gnt_flags, &entry, &status);
	if (!l1)
		return status;
	old = READ_ONCE(*entry);
	if (!(old & PTE_PRESENT) || pte_mfn(old).n != frame.n ||
		!(old & PTE_WRITE) != !!(gnt_flags & GNTMAP_readonly)) {
		mmu_l1_put(l1);
		return GNTST_general_error;
	}
	status = entry_steal(v, new_addr, &new);
	if (status == GNTST_okay) {
		old = atomic_xchg(entry, new);
		pte_put_l1(old, v->domain);
	}
	mmu_l1_put(l1);
	return status;
}
