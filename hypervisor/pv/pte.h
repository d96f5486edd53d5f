/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table entries: which values a guest may write at each level, what we add to them, and the
 * references that a present L1 entry holds (PV-ABI 15, 19). Pure rules first (pte_*), then the two
 * calls that take and give back references.
 */
#ifndef PV_PTE_H
#define PV_PTE_H

#include "pv/pv.h"

#define PTE_PRESENT	 BIT(0)
#define PTE_WRITE	 BIT(1)
#define PTE_USER	 BIT(2)
#define PTE_PWT		 BIT(3)
#define PTE_PCD		 BIT(4)
#define PTE_ACCESSED	 BIT(5)
#define PTE_DIRTY	 BIT(6)
#define PTE_PAT		 BIT(7) /* L1 */
#define PTE_PSE		 BIT(7) /* L2, L3 */
#define PTE_GLOBAL	 BIT(8)
#define PTE_AVAIL	 (7ul << 9 | 0x7fful << 52)
#define PTE_GUEST_KERNEL BIT(52) /* ours: the guest wrote it without U/S */
#define PTE_NX		 BIT(63)
#define PTE_FRAME	 0x000ffffffffff000ul
#define PTE_CACHE	 (PTE_PWT | PTE_PCD | PTE_PAT)
#define PTE_AD		 (PTE_ACCESSED | PTE_DIRTY)
/* What may change in a present entry without looking at its references again. */
#define PTE_HARMLESS (PTE_AD | (PTE_AVAIL & ~PTE_GUEST_KERNEL))

#define PTE_ENTRIES 512

static inline mfn_t pte_mfn(u64 pte)
{
	return mfn((pte & PTE_FRAME) >> PAGE_SHIFT);
}

/* Where va's entry stands in a table of level 1..4. */
static inline unsigned pte_index(u64 va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * (level - 1)) & (PTE_ENTRIES - 1);
}

static inline bool pte_is_hv_slot(unsigned level, unsigned index)
{
	return level == 4 && index - HV_FIRST_SLOT < HV_SLOTS;
}

/* Bits other than the frame that a present entry of this level may have. */
bool pte_flags_ok(unsigned level, u64 pte);
/* The entry as it is stored: U/S added, guest-kernel pages marked, user pages global. */
u64 pte_adjust(unsigned level, u64 pte);
static inline bool pte_change_harmless(u64 old, u64 new)
{
	return (old & new &PTE_PRESENT) && !((old ^ new) & ~PTE_HARMLESS);
}

/*
 * References of a present L1 entry whose flags are fine: a page reference on RAM of frame_owner, a
 * WRITABLE type one when it maps writable; none for device memory, which d must own the right to.
 * EPERM: device memory without the right; EBUSY: not its frame, or in use as a table; EINVAL;
 * ERESTART when the frame's type is changing for long.
 */
must_check int pte_get_l1(u64 pte, struct domain *d, struct domain *frame_owner);
void pte_put_l1(u64 pte, struct domain *d);

#endif
