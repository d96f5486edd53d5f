/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames in use: references, owners, and each domain's list of its frames.
 * `ref` is changed by cmpxchg only. Who takes the count from 1 to 0 owns the frame alone and frees
 * it. A domain is kept alive by its frames (one reference while tot_pages > 0), so a frame's owner
 * can be looked up by number without a reference, and a domid is not used again while a frame of it
 * is anywhere. Lock: d->page_lock for the list and totals; frame_lock inside it.
 */
#include "core/domain.h"
#include "core/frame.h"
#include "core/page.h"
#include "lib/check.h"

/* ---- the owner's list; page_lock held ---- */

static void list_append(u32 *first, u32 *last, struct page *p)
{
	u32 frame = (u32)page_frame(p).n;

	p->next = FRAME_NIL;
	p->prev = *last;
	if (*last == FRAME_NIL)
		*first = frame;
	else
		frame_table[*last].next = frame;
	*last = frame;
}

static void list_remove(struct domain *d, struct page *p)
{
	bool held = p->flags & PAGEF_HELD;
	u32 *first = held ? &d->first_held : &d->first_page;
	u32 *last = held ? &d->last_held : &d->last_page;

	if (p->prev == FRAME_NIL)
		*first = p->next;
	else
		frame_table[p->prev].next = p->next;
	if (p->next == FRAME_NIL)
		*last = p->prev;
	else
		frame_table[p->next].prev = p->prev;
	p->next = p->prev = FRAME_NIL;
	p->flags &= (u8)~PAGEF_HELD;
}

/* Give the frame, whose ref is the caller's alone, to d. The first frame takes a reference to d;
 * its caller has one. */
static void page_adopt(struct domain *d, struct page *p)
{
	if (d->tot_pages++ == 0)
		BUG_ON(!domain_get(d));
	p->owner = d->id;
	list_append(&d->first_page, &d->last_page, p);
	atomic_store_release(&p->ref, PAGE_ALLOCATED | 1);
}

/* Off d's list; true: that was the last frame, the caller drops a domain reference when it holds no
 * lock. */
static bool page_disown(struct domain *d, struct page *p)
{
	list_remove(d, p);
	p->owner = DOMID_NOBODY;
	return --d->tot_pages == 0;
}

struct page *page_alloc(struct domain *d, unsigned order, unsigned flags)
{
	u64 n = 1ull << order;
	struct page *p = NULL;

	spin_lock(&d->page_lock);
	if (!d->dying && order < 32 && d->tot_pages + n <= d->max_pages)
		p = frame_alloc_for(d, order, flags);
	if (p)
		for (u64 i = 0; i < n; i++)
			page_adopt(d, p + i);
	spin_unlock(&d->page_lock);
	return p;
}

int page_assign(struct domain *d, struct page *p)
{
	int rc = 0;

	if (p->flags & PAGEF_STAMPED) {
		p->flags &= (u8)~PAGEF_STAMPED;
		tlb_flush_since(&cpu_online_map, p->tlb_stamp);
	}
	spin_lock(&d->page_lock);
	if (d->dying || READ_ONCE(p->ref) != (PAGE_HEAP | 1) || p->owner != DOMID_NOBODY)
		rc = fail(EINVAL);
	else if (d->tot_pages >= d->max_pages)
		rc = fail(E2BIG);
	else
		page_adopt(d, p);
	spin_unlock(&d->page_lock);
	return rc;
}

int page_steal(struct domain *d, struct page *p)
{
	u64 sole = PAGE_ALLOCATED | 1;
	bool last;

	spin_lock(&d->page_lock);
	if (p->owner != d->id || (READ_ONCE(p->ref) & PAGE_HEAP)) {
		spin_unlock(&d->page_lock);
		return fail(EINVAL);
	}
	/* count 0 for the moment: nobody can take a reference to it */
	if (!atomic_cmpxchg(&p->ref, &sole, 0)) {
		spin_unlock(&d->page_lock);
		return fail(EBUSY);
	}
	last = page_disown(d, p);
	spin_unlock(&d->page_lock);
	p->type = 0;
	if (d->ops->page_freed)
		d->ops->page_freed(p);
	p->tlb_stamp = tlb_stamp_now(); /* what d left in TLBs must go before the next use */
	p->flags |= PAGEF_STAMPED;
	atomic_store_release(&p->ref, PAGE_HEAP | 1);
	if (last)
		domain_put(d);
	return 0;
}

void page_share(void *heap_page, struct domain *d)
{
	struct page *p = page_of(frame_of(heap_page));

	BUG_ON(READ_ONCE(p->ref) != (PAGE_HEAP | 1));
	p->type = 0;
	__atomic_add_fetch(&d->shared_pages, 1, __ATOMIC_RELAXED);
	WRITE_ONCE(p->owner, d->id);
	BUG_ON(!d->ops->page_type_get(p, true)); /* fresh and untyped: cannot fail */
}

void page_unshare(void *heap_page, struct domain *d)
{
	struct page *p = page_of(frame_of(heap_page));

	__atomic_sub_fetch(&d->shared_pages, 1, __ATOMIC_RELAXED);
	d->ops->page_type_put(p, true);
	WRITE_ONCE(p->owner, DOMID_NOBODY); /* no new references from here on */
	page_put(p);
}

/* ---- references ---- */

static bool page_ref_up(struct page *p)
{
	u64 old = READ_ONCE(p->ref);

	do {
		if (!page_may_ref(old))
			return false;
	} while (!atomic_cmpxchg(&p->ref, &old, old + 1));
	return true;
}

bool page_get(struct page *p, const struct domain *d)
{
	return page_get_of(p, d->id);
}

bool page_get_any(struct page *p)
{
	u64 old = atomic_load_acquire(&p->ref);

	do {
		if (READ_ONCE(p->owner) == DOMID_NOBODY || !page_may_ref(old))
			return false;
	} while (!atomic_cmpxchg(&p->ref, &old, old + 1));
	if (likely(READ_ONCE(p->owner) != DOMID_NOBODY))
		return true;
	page_put(p);
	return false;
}

/* The last reference went; the frame is the caller's alone. */
static void page_free(struct page *p)
{
	struct domain *d = p->owner == DOMID_NOBODY ? NULL : domain_by_id(p->owner);
	bool last = false;

	if (d) {
		if (d->ops->page_freed)
			d->ops->page_freed(p);
		spin_lock(&d->page_lock);
		last = page_disown(d, p);
		spin_unlock(&d->page_lock);
	}
	frame_free_one(p);
	if (last)
		domain_put(d);
}

void page_put(struct page *p)
{
	u64 now = atomic_dec(&p->ref);

	if (unlikely((now & PAGE_COUNT) == 0)) {
		BUG_ON(now & PAGE_ALLOCATED);
		page_free(p);
	}
}

bool page_release(struct page *p)
{
	if (!(atomic_and(&p->ref, ~PAGE_ALLOCATED) & PAGE_ALLOCATED))
		return false;
	page_put(p);
	return true;
}

bool domain_release_page(struct domain *d)
{
	struct page *p;
	bool got;

	spin_lock(&d->page_lock);
	if (d->first_page == FRAME_NIL) {
		spin_unlock(&d->page_lock);
		return false;
	}
	p = frame_table + d->first_page;
	got = page_ref_up(p); /* no: another CPU frees it and waits for page_lock */
	list_remove(d, p);
	p->flags |= PAGEF_HELD;
	list_append(&d->first_held, &d->last_held, p);
	spin_unlock(&d->page_lock);
	if (got) {
		page_release(p);
		page_put(p);
	}
	return true;
}
