/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules for page-table entries. A guest may have: at every level P, RW, U/S, A, D, the software
 * bits and NX; at L1 also the cache attribute bits and G. No large pages. Cache attributes on RAM
 * are for the control domain only (they would let memory and cache disagree at the time that a
 * table is checked).
 *
 * Both modes of a 64-bit guest run in ring 3, so U/S is added to every present entry; a page that
 * the guest wrote without it is remembered by PTE_GUEST_KERNEL, every other one becomes global so
 * that a kernel/user change of CR3 keeps it.
 */
#include "pv/pte.h"
#include "pv/desc.h"
#include "pv/pagetype.h"
#include "x86/guest_cpu.h"

#define FLAGS_ANY_LEVEL (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_AD | PTE_AVAIL | PTE_NX)

bool pte_flags_ok(unsigned level, u64 pte)
{
	u64 allowed = FLAGS_ANY_LEVEL;

	if (level == 1)
		allowed |= PTE_CACHE | PTE_GLOBAL;
	return !(pte & ~(allowed | PTE_FRAME));
}

u64 pte_adjust(unsigned level, u64 pte)
{
	if (!(pte & PTE_PRESENT))
		return pte;
	if (level > 1)
		return pte | PTE_USER;
	if (!(pte & PTE_USER))
		return pte | PTE_USER | PTE_GUEST_KERNEL;
	return pte & PTE_GUEST_KERNEL ? pte : pte | PTE_GLOBAL;
}

int pte_get_l1(u64 pte, struct domain *d, struct domain *frame_owner)
{
	mfn_t m = pte_mfn(pte);
	struct page *p;
	int r;

	if (unlikely(!frame_valid(m)))
		return m.n >> (cpu_phys_bits() - PAGE_SHIFT) == 0 &&
				       rangeset_contains(d->io_mem, m.n, m.n)
			       ? 0
			       : fail(EPERM);
	if (unlikely(!frame_owner))
		return fail(EPERM);
	if (unlikely((pte & PTE_CACHE) && !d->privileged))
		return fail(EINVAL);
	p = page_of(m);
	if (unlikely(!page_get(p, frame_owner)))
		return fail(EBUSY);
	if (!(pte & PTE_WRITE))
		return 0;
	r = pagetype_get_writable(p, d != frame_owner);
	if (unlikely(r))
		page_put(p);
	return r == -EINVAL ? fail(EBUSY) : r;
}

void pte_put_l1(u64 pte, struct domain *d)
{
	mfn_t m = pte_mfn(pte);
	struct page *p;

	if (!(pte & PTE_PRESENT) || unlikely(!frame_valid(m)))
		return;
	p = page_of(m);
	if (pte & PTE_WRITE)
		pagetype_put(p);
	else if (unlikely(pagetype_of(p) == PT_DESC))
		desc_invalidate_ldt(d); /* perhaps a CPU's LDT window is all that still uses it */
	page_put(p);
}
