/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's grant table: the frames that it shares with us, our active entry for each of its
 * entries, and pins. The shared entry is hostile memory: it is read once as a whole word, and
 * changed by a bounded number of cmpxchg tries (A5). What was found in it is kept in the active
 * entry for as long as it is pinned; only GTF_reading and GTF_writing are written. Lock: gt->lock.
 * Invariants: grant.h. Results are GNTST_* as Xen 4.17 gives them.
 */
#include "core/grant.h"
#include "core/log.h"
#include "lib/check.h"
#include "lib/string.h"

#define STATUS_TRIES 5
#define FRAMES_MAX   4096u /* grant table frames of one domain, whatever the configuration says */
#define MAPTRACK_MAX 65536u

/* A v1 entry as one word, so that flags, domid and frame are read and checked together. */
union entry_word {
	u64 word;
	struct grant_entry_v1 e;
};

int grant_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames)
{
	struct grant_table *gt;

	if (max_frames < 1 || max_frames > FRAMES_MAX || max_maptrack_frames > MAPTRACK_MAX)
		return fail(EINVAL);
	gt = heap_alloc(sizeof(*gt));
	if (!gt)
		return fail(ENOMEM);
	d->grants = gt;
	gt->max_frames = max_frames;
	gt->max_maptrack_frames = max_maptrack_frames;
	gt->shared = heap_alloc(max_frames * sizeof(*gt->shared));
	gt->active = heap_alloc(max_frames * sizeof(*gt->active));
	if (!gt->shared || !gt->active)
		return fail(ENOMEM);
	return grant_setup(d, 1);
}

void grant_destroy(struct domain *d)
{
	struct grant_table *gt = d->grants;

	if (!gt)
		return;
	for (u32 i = 0; i < gt->frames; i++) {
		page_unshare(gt->shared[i], d);
		heap_pages_free(gt->active[i], 0);
	}
	for (u32 i = 0; i < gt->maptrack_frames; i++)
		heap_pages_free(gt->maptrack[i], 0);
	heap_free(gt->maptrack);
	heap_free(gt->shared);
	heap_free(gt->active);
	heap_free(gt);
	d->grants = NULL;
}

/* One more frame; gt->lock held. */
static int table_grow(struct domain *d, struct grant_table *gt)
{
	void *shared, *active;

	if (gt->frames == gt->max_frames)
		return fail(EINVAL);
	shared = heap_pages(0, 0);
	active = heap_pages(0, 0);
	if (!shared || !active) {
		heap_pages_free(shared, 0);
		heap_pages_free(active, 0);
		return fail(ENOMEM);
	}
	page_share(shared, d);
	gt->shared[gt->frames] = shared;
	gt->active[gt->frames] = active;
	gt->frames++;
	return 0;
}

int grant_setup(struct domain *d, u32 frames)
{
	struct grant_table *gt = d->grants;
	int rc = 0;

	spin_lock(&gt->lock);
	if (frames > gt->max_frames)
		rc = fail(EINVAL);
	while (rc == 0 && gt->frames < frames)
		rc = table_grow(d, gt);
	spin_unlock(&gt->lock);
	return rc;
}

mfn_t grant_frame(struct domain *d, u32 index)
{
	struct grant_table *gt = d->grants;
	mfn_t frame = mfn(INVALID_MFN_RAW);

	if (index >= READ_ONCE(gt->max_frames) || grant_setup(d, index + 1))
		return frame;
	spin_lock(&gt->lock);
	frame = frame_of(gt->shared[bounded(index, gt->frames)]);
	spin_unlock(&gt->lock);
	return frame;
}

void grant_query_size(struct domain *d, u32 *frames, u32 *max_frames)
{
	spin_lock(&d->grants->lock);
	*frames = d->grants->frames;
	*max_frames = d->grants->max_frames;
	spin_unlock(&d->grants->lock);
}

/* A copy of a table of pointers with more room, or NULL. */
static void *table_widen(void *old, u32 used, u32 room)
{
	void **wider = heap_alloc(room * sizeof(void *));

	if (wider && used)
		memcpy(wider, old, used * sizeof(void *));
	return wider;
}

int grant_set_size(struct domain *d, u32 max_frames, u32 max_maptrack_frames)
{
	struct grant_table *gt = d->grants;
	void *shared, *active;
	int rc = 0;

	if (max_frames < 1 || max_frames > FRAMES_MAX || max_maptrack_frames > MAPTRACK_MAX)
		return fail(EINVAL);
	spin_lock(&gt->lock);
	spin_lock(&gt->maptrack_lock);
	if (max_frames < gt->frames || gt->maptrack)
		rc = fail(EBUSY);
	shared = rc ? NULL : table_widen(gt->shared, gt->frames, max_frames);
	active = rc ? NULL : table_widen(gt->active, gt->frames, max_frames);
	if (shared && active) {
		heap_free(gt->shared);
		heap_free(gt->active);
		gt->shared = shared;
		gt->active = active;
		gt->max_frames = max_frames;
		gt->max_maptrack_frames = max_maptrack_frames;
	} else {
		heap_free(shared);
		heap_free(active);
		rc = rc ? rc : fail(ENOMEM);
	}
	spin_unlock(&gt->maptrack_lock);
	spin_unlock(&gt->lock);
	return rc;
}

u32 grant_version(struct domain *d)
{
	return 1;
}

struct domain *grant_domain_find(u16 domid)
{
	struct domain *self = current_vcpu()->domain;

	if (domid == DOMID_SELF || domid == self->id)
		return domain_get(self) ? self : NULL;
	return domain_find(domid);
}

struct active_entry *grant_active(struct grant_table *gt, u32 ref)
{
	u64 index = bounded(ref, (u64)gt->frames * GRANTS_PER_FRAME);

	if (ref >= (u64)gt->frames * GRANTS_PER_FRAME)
		return NULL;
	return &gt->active[index / GRANTS_PER_FRAME][index % GRANTS_PER_FRAME];
}

static u64 *shared_word(struct grant_table *gt, u32 ref)
{
	return (u64 *)&gt->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

/* ---- pins ---- */

/*
 * Check that the shared entry lets `by` do it, and mark it in use: the flag changes only together
 * with the word that was checked. *found is that word.
 */
static int entry_mark(
	struct grant_table *gt, u32 ref, u16 by, bool write, bool map, union entry_word *found)
{
	u16 mask = GTF_type_mask | (map ? GTF_sub_page : 0);
	u64 *word = shared_word(gt, ref);

	found->word = READ_ONCE(*word);
	for (unsigned tries = 0; tries < STATUS_TRIES; tries++) {
		union entry_word next = *found;

		if ((found->e.flags & mask) != GTF_permit_access || found->e.domid != by)
			return GNTST_general_error;
		if (write && (found->e.flags & GTF_readonly))
			return GNTST_general_error;
		next.e.flags |= write ? GTF_reading | GTF_writing : GTF_reading;
		if (atomic_cmpxchg(word, &found->word, next.word))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

static void entry_unmark(struct grant_table *gt, u32 ref, u16 flags)
{
	__atomic_fetch_and(&((struct grant_entry_v1 *)shared_word(gt, ref))->flags, (u16)~flags,
		__ATOMIC_SEQ_CST);
}

/* Take the references for a first pin, or a first writing one. */
static int frame_hold(struct domain *d, const struct active_entry *a, u64 frame, bool write)
{
	struct page *p = page_of(mfn(frame));

	if (a->pins == 0) {
		if (!frame_valid(mfn(frame)) || !page_get(p, d))
			return GNTST_bad_page;
		if ((READ_ONCE(p->ref) &
			    PAGE_HEAP)) { /* ours, shared with d: not d's to share on */
			page_put(p);
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

static int pin_locked(struct domain *d, u32 ref, u16 by, bool write, bool map, mfn_t *frame)
{
	struct grant_table *gt = d->grants;
	struct active_entry *a = grant_active(gt, ref);
	union entry_word found;
	bool first, first_write;
	int rc;

	if (!a)
		return GNTST_bad_gntref;
	if (a->pins && (a->domid != by || a->pins == 255))
		return GNTST_general_error;
	first = a->pins == 0;
	first_write = write && a->write_pins == 0;
	if (first || first_write) {
		rc = entry_mark(gt, ref, by, write, map, &found);
		if (rc)
			return rc;
		rc = frame_hold(d, a, first ? found.e.frame : a->frame, write);
		if (rc) {
			entry_unmark(gt, ref,
				(u16)((first ? GTF_reading : 0) | (first_write ? GTF_writing : 0)));
			return rc;
		}
		if (first)
			a->frame = found.e.frame; /* later pins use this one, whatever the guest
						     writes */
		a->domid = by;
	}
	a->pins++;
	a->write_pins = (u8)(a->write_pins + write);
	*frame = mfn(a->frame);
	return GNTST_okay;
}

int grant_pin(struct domain *d, u32 ref, u16 by, bool write, bool map, mfn_t *frame)
{
	int rc;

	if (READ_ONCE(d->dying))
		return GNTST_bad_domain;
	spin_lock(&d->grants->lock);
	rc = pin_locked(d, ref, by, write, map, frame);
	spin_unlock(&d->grants->lock);
	return rc;
}

void grant_unpin(struct domain *d, u32 ref, bool write)
{
	struct grant_table *gt = d->grants;
	struct active_entry *a;
	struct page *p;
	bool last, last_write;

	spin_lock(&gt->lock);
	a = grant_active(gt, ref);
	BUG_ON(!a || !a->pins || (write && !a->write_pins));
	p = page_of(mfn(a->frame));
	a->pins--;
	a->write_pins = (u8)(a->write_pins - write);
	last = a->pins == 0;
	last_write = write && a->write_pins == 0;
	if (last_write)
		d->ops->page_type_put(p, true);
	/* the granter may reuse the frame as soon as it sees the flags go */
	if (last || last_write)
		entry_unmark(
			gt, ref, (u16)((last ? GTF_reading : 0) | (last_write ? GTF_writing : 0)));
	spin_unlock(&gt->lock);
	if (last)
		page_put(p);
}

/* ---- the rest ---- */

int grant_swap(struct domain *d, u32 ref_a, u32 ref_b)
{
	struct grant_table *gt = d->grants;
	struct active_entry *a, *b;
	int rc = GNTST_okay;

	spin_lock(&gt->lock);
	a = grant_active(gt, ref_a);
	b = grant_active(gt, ref_b);
	if (!a || !b) {
		rc = GNTST_bad_gntref;
	} else if (a->pins || b->pins) {
		rc = GNTST_eagain;
	} else if (ref_a != ref_b) {
		u64 *wa = shared_word(gt, ref_a), *wb = shared_word(gt, ref_b),
		    was = READ_ONCE(*wa);

		WRITE_ONCE(*wa, READ_ONCE(*wb));
		WRITE_ONCE(*wb, was);
	}
	spin_unlock(&gt->lock);
	return rc;
}

int grant_seed(struct domain *d, u32 ref, u16 to, gfn_t frame)
{
	struct grant_table *gt = d->grants;
	union entry_word w = {
		.e = { .flags = GTF_permit_access, .domid = to, .frame = (u32)frame.n }
	};
	int rc = 0;

	if (frame.n > ~0u)
		return fail(EINVAL);
	spin_lock(&gt->lock);
	if (!grant_active(gt, ref))
		rc = fail(EINVAL);
	else
		WRITE_ONCE(*shared_word(gt, ref), w.word);
	spin_unlock(&gt->lock);
	return rc;
}

void grant_dump(struct domain *d)
{
	struct grant_table *gt = d->grants;

	log_raw("d%u grants: %u of %u frames, maptrack %u used, %u of %u frames\n", d->id,
		gt->frames, gt->max_frames, gt->maptrack_used, gt->maptrack_frames,
		gt->max_maptrack_frames);
	spin_lock(&gt->lock);
	for (u32 ref = 0; ref < gt->frames * GRANTS_PER_FRAME; ref++) {
		const struct active_entry *a = grant_active(gt, ref);

		if (a->pins)
			log_raw("  %u: d%u frame %x pins %u writing %u\n", ref, a->domid, a->frame,
				a->pins, a->write_pins);
	}
	spin_unlock(&gt->lock);
}
