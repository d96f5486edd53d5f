/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's grant table: the frames that it shares with us, and our active entry for each of its
 * entries. Lock: gt->lock. Invariants: grant.h. Results are GNTST_* as Xen 4.17 gives them.
 */
#include "core/grant_pin.h"
#include "core/log.h"
#include "lib/check.h"
#include "lib/string.h"

#define FRAMES_MAX   4096u /* grant table frames of one domain, whatever the configuration says */
#define MAPTRACK_MAX 65536u

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
		u64 *wa = grant_word(gt, ref_a), *wb = grant_word(gt, ref_b), was = READ_ONCE(*wa);

		WRITE_ONCE(*wa, READ_ONCE(*wb));
		WRITE_ONCE(*wb, was);
	}
	spin_unlock(&gt->lock);
	return rc;
}

int grant_seed(struct domain *d, u32 ref, u16 to, gfn_t frame)
{
	struct grant_table *gt = d->grants;
	u64 word = GTF_permit_access | (u64)to << DOMID_SHIFT | frame.n << FRAME_SHIFT;
	int rc = 0;

	if (frame.n > ~0u)
		return fail(EINVAL);
	spin_lock(&gt->lock);
	if (!grant_active(gt, ref))
		rc = fail(EINVAL);
	else
		WRITE_ONCE(*grant_word(gt, ref), word);
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
