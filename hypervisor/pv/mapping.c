/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping granted frames into a guest's page tables (<xen/grant_table.h> GNTMAP_*). The entry is
 * named by the machine address of a PTE (GNTMAP_contains_pte) or by the virtual address that it
 * maps. core/grant.c checked the grant and holds references of its own for the mapping; the entry
 * takes another page reference, and a type one when writable, so that it is given back like any
 * other entry, also when the guest overwrites it.
 *
 * A mapping's slot, the machine address of its PTE, is kept with its handle. No entry of a frame
 * that is not the guest's own can come to another slot than the one that grant_map filled, so a
 * slot that holds the frame no more means that the mapping is gone.
 */
#include <xen/grant_table.h>

#include "pv/mmu.h"
#include "pv/pte.h"

/* The L1 of d that a slot is in, held; NULL when its page is no L1, or never was one. */
static struct page *slot_get(struct domain *d, u64 slot, u64 **entry)
{
	mfn_t m = mfn(slot >> PAGE_SHIFT);
	struct page *p = slot & 7 ? NULL : mmu_l1_hold(d, m);

	if (p)
		*entry = (u64 *)frame_map(m) + (slot & ~PAGE_MASK) / 8;
	return p;
}

/* The L1 entry that host_addr names and its slot, its table held; NULL when there is none. */
static struct page *entry_get(struct vcpu *v, u64 host_addr, u32 flags, u64 **entry, u64 *slot)
{
	struct page *l1 = flags & GNTMAP_contains_pte ? slot_get(v->domain, host_addr, entry)
						      : mmu_l1_get(v, host_addr, entry);

	if (l1)
		*slot = page_frame(l1).n << PAGE_SHIFT | ((u64)*entry & ~PAGE_MASK);
	return l1;
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

int mmu_grant_map(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 *slot)
{
	u64 new = grant_pte(gnt_flags, frame), old;
	struct page *l1;
	u64 *entry;

	l1 = entry_get(v, host_addr, gnt_flags, &entry, slot);
	if (!l1)
		return GNTST_general_error;
	if (frame_get(frame, new &PTE_WRITE, v->domain)) {
		mmu_l1_put(l1);
		return GNTST_general_error;
	}
	old = atomic_xchg(entry, new);
	pte_put_l1(old, v->domain);
	mmu_l1_put(l1);
	return GNTST_okay;
}

/*
 * For unmap_and_replace: take the entry at new_addr away (its references move with it), 0 when
 * there is none. It must be of the guest's own memory: another grant's may not leave its slot.
 */
static int entry_steal(struct vcpu *v, u64 new_addr, u64 *pte)
{
	struct page *l1;
	u64 *entry, was;
	int status = GNTST_general_error;

	*pte = 0;
	if (!new_addr)
		return GNTST_okay;
	l1 = mmu_l1_get(v, new_addr, &entry);
	if (!l1)
		return GNTST_general_error;
	was = READ_ONCE(*entry);
	if (!(was & PTE_PRESENT) || (frame_valid(pte_mfn(was)) &&
					    page_owned_by(page_of(pte_mfn(was)), v->domain->id))) {
		if (atomic_cmpxchg(entry, &was, 0)) {
			*pte = was;
			status = GNTST_okay;
		}
	}
	mmu_l1_put(l1);
	return status;
}

static bool maps_frame(u64 pte, mfn_t frame)
{
	return (pte & PTE_PRESENT) && pte_mfn(pte).n == frame.n;
}

/* Does the slot hold the frame no more? Its table may be gone too. It is looked at without a type
 * reference, as one may be refused although the table is there: there can be no more of them. */
static bool slot_emptied(struct domain *d, u64 slot, mfn_t frame)
{
	mfn_t table = mfn(slot >> PAGE_SHIFT);
	const u64 *entries;
	struct page *p;
	bool gone;

	if (slot & 7 || !frame_valid(table) || !page_get(page_of(table), d))
		return true;
	p = page_of(table);
	entries = frame_map(table);
	gone = pagetype_of(p) != PT_L1 ||
	       !maps_frame(READ_ONCE(entries[(slot & ~PAGE_MASK) / 8]), frame);
	page_put(p);
	return gone;
}

int mmu_grant_unmap(
	struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 new_addr, u64 slot)
{
	int status = GNTST_general_error;
	u64 old, new, named = 0;
	struct page *l1;
	u64 *entry;

	l1 = entry_get(v, host_addr, gnt_flags, &entry, &named);
	if (!l1 || named != slot || !maps_frame(READ_ONCE(*entry), frame)) {
		if (l1)
			mmu_l1_put(l1);
		return slot_emptied(v->domain, slot, frame) ? GNTST_okay : GNTST_general_error;
	}
	old = READ_ONCE(*entry);
	if (!(old & PTE_WRITE) == !!(gnt_flags & GNTMAP_readonly))
		status = entry_steal(v, new_addr, &new);
	if (status == GNTST_okay) {
		old = atomic_xchg(entry, new);
		pte_put_l1(old, v->domain);
	}
	mmu_l1_put(l1);
	return status;
}
