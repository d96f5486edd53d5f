/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pins of a grant table's entries, inline as each copy and each mapping takes some. The shared
 * entry is hostile memory: it is read once as a whole word, and changed by a bounded number of
 * cmpxchg tries (A5). What was found in it is kept in the active entry for as long as it is pinned;
 * only GTF_reading and GTF_writing are written. Lock: gt->lock. Invariants: grant.h.
 */
#ifndef CORE_GRANT_PIN_H
#define CORE_GRANT_PIN_H

#include "core/grant.h"
#include "lib/check.h"

#define STATUS_TRIES 5

/* A v1 entry is one word, so that flags, domid and frame are read and checked together. */
#define DOMID_SHIFT 16
#define FRAME_SHIFT 32
_Static_assert(offsetof(struct grant_entry_v1, domid) * 8 == DOMID_SHIFT, "domid");
_Static_assert(offsetof(struct grant_entry_v1, frame) * 8 == FRAME_SHIFT, "frame");
_Static_assert(sizeof(struct grant_entry_v1) == sizeof(u64), "a word");

/* NULL: no such ref; gt->lock held. */
static inline struct active_entry *grant_active(struct grant_table *gt, u32 ref)
{
	u64 index = bounded(ref, (u64)gt->frames * GRANTS_PER_FRAME);

	if (ref >= (u64)gt->frames * GRANTS_PER_FRAME)
		return NULL;
	return &gt->active[index / GRANTS_PER_FRAME][index % GRANTS_PER_FRAME];
}

static inline u64 *grant_word(struct grant_table *gt, u32 ref)
{
	return (u64 *)&gt->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

/*
 * Check that the shared entry lets `by` do it, and mark it in use: the flag changes only together
 * with the word that was checked. *found is that word.
 */
static always_inline int entry_mark(
	struct grant_table *gt, u32 ref, u16 by, bool write, bool map, u64 *found)
{
	/* what must be as it is in `want`: type, domid, no flags that are in the way */
	u64 mask = GTF_type_mask | (u64)0xffff << DOMID_SHIFT;
	u64 want = GTF_permit_access | (u64)by << DOMID_SHIFT;
	u64 mark = write ? GTF_reading | GTF_writing : GTF_reading;
	u64 *at = grant_word(gt, ref), word = READ_ONCE(*at);

	mask |= (map ? GTF_sub_page : 0) | (write ? GTF_readonly : 0);
	for (unsigned tries = 0; tries < STATUS_TRIES; tries++) {
		if ((word & mask) != want)
			return GNTST_general_error;
		if (likely(atomic_cmpxchg(at, &word, word | mark))) {
			*found = word;
			return GNTST_okay;
		}
	}
	return GNTST_general_error;
}

static inline void entry_unmark(struct grant_table *gt, u32 ref, u16 flags)
{
	__atomic_fetch_and(&((struct grant_entry_v1 *)grant_word(gt, ref))->flags, (u16)~flags,
		__ATOMIC_SEQ_CST);
}

/* Take the references for a first pin, or a first writing one. */
static always_inline int frame_hold(
	struct domain *d, const struct active_entry *a, u32 frame, bool write)
{
	struct page *p = page_of(mfn(frame));

	if (a->pins == 0) {
		if (!frame_valid(mfn(frame)) || !page_get_of(p, d->id))
			return GNTST_bad_page;
		if (unlikely(READ_ONCE(p->ref) & PAGE_HEAP)) {
			page_put(p); /* ours, shared with d: not d's to share on */
			return GNTST_bad_page;
		}
	}
	if (write && a->write_pins == 0 && !d->ops->page_type_get(p, true)) {
		if (a->pins == 0)
			page_put(p);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

/* A first pin, or a first writing one. */
static always_inline int pin_first(
	struct domain *d, struct active_entry *a, u32 ref, u16 by, bool write, bool map)
{
	struct grant_table *gt = d->grants;
	bool first = a->pins == 0;
	u64 found;
	u32 frame;
	int rc;

	rc = entry_mark(gt, ref, by, write, map, &found);
	if (rc)
		return rc;
	frame = first ? (u32)(found >> FRAME_SHIFT) : a->frame;
	rc = frame_hold(d, a, frame, write);
	if (rc) {
		entry_unmark(gt, ref,
			(u16)((first ? GTF_reading : 0) |
				(write && !a->write_pins ? GTF_writing : 0)));
		return rc;
	}
	a->frame = frame; /* later pins use this one, whatever the guest writes */
	a->domid = by;
	return GNTST_okay;
}

static always_inline int pin_locked(
	struct domain *d, u32 ref, u16 by, bool write, bool map, struct active_entry **entry)
{
	struct active_entry *a = grant_active(d->grants, ref);
	int rc;

	if (!a)
		return GNTST_bad_gntref;
	if (a->pins && (a->domid != by || a->pins == 255))
		return GNTST_general_error;
	if (a->pins == 0 || (write && a->write_pins == 0)) {
		rc = pin_first(d, a, ref, by, write, map);
		if (rc)
			return rc;
	}
	a->pins++;
	a->write_pins = (u8)(a->write_pins + write);
	*entry = a;
	return GNTST_okay;
}

/*
 * Pin ref of d's table for `by`: GNTST_*; on success *entry is what is held, whose frame does not
 * change while it is. `map`: a mapping, not a copy.
 */
static always_inline int grant_pin(
	struct domain *d, u32 ref, u16 by, bool write, bool map, struct active_entry **entry)
{
	int rc;

	if (READ_ONCE(d->dying))
		return GNTST_bad_domain;
	spin_lock(&d->grants->lock);
	rc = pin_locked(d, ref, by, write, map, entry);
	spin_unlock(&d->grants->lock);
	return rc;
}

/* The page whose last pin that was, or NULL: the caller puts it when it has let go of the lock. */
static always_inline struct page *unpin_locked(
	struct domain *d, struct active_entry *a, u32 ref, bool write)
{
	struct page *p = page_of(mfn(a->frame));
	u16 flags = 0;

	BUG_ON(!a->pins || (write && !a->write_pins));
	a->pins--;
	if (write && --a->write_pins == 0) {
		d->ops->page_type_put(p, true);
		flags = GTF_writing;
	}
	if (a->pins == 0)
		flags |= GTF_reading;
	/* the granter may reuse the frame as soon as it sees the flags go */
	if (flags)
		entry_unmark(d->grants, ref, flags);
	return a->pins ? NULL : p;
}

/* Give up a pin of ref, whose entry is known. */
static always_inline void grant_unpin_entry(
	struct domain *d, struct active_entry *a, u32 ref, bool write)
{
	struct page *p;

	spin_lock(&d->grants->lock);
	p = unpin_locked(d, a, ref, write);
	spin_unlock(&d->grants->lock);
	if (p)
		page_put(p);
}

static inline void grant_unpin(struct domain *d, u32 ref, bool write)
{
	struct active_entry *a;
	struct page *p;

	spin_lock(&d->grants->lock);
	a = grant_active(d->grants, ref);
	BUG_ON(!a);
	p = unpin_locked(d, a, ref, write);
	spin_unlock(&d->grants->lock);
	if (p)
		page_put(p);
}

#endif
