/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GNTTABOP_copy: bytes within one page to within another, each given by a grant or by a frame of
 * the caller. Both ends are pinned for the copy: source readable, destination writable as a page of
 * plain data. No lock is held while bytes move.
 * An end stays pinned until the next element of the array names another page there or the run of
 * elements is over, as if the copies were one: a page that several elements name is looked up once,
 * and so is a domain that all name.
 */
#include "core/grant_pin.h"
#include "lib/string.h"

static always_inline void page_let_go(struct copy_end *e, bool write)
{
	struct page *page = page_of(e->frame);

	if (!e->held)
		return;
	e->held = false;
	if (e->by_ref) {
		grant_unpin_entry(e->domain, e->entry, (u32)e->name, write);
		return;
	}
	if (write)
		e->domain->ops->page_type_put(page, true);
	page_put(page);
}

static void end_drop(struct copy_end *e, bool write)
{
	page_let_go(e, write);
	if (e->domain)
		domain_put(e->domain);
	e->domain = NULL;
}

static always_inline int end_find(
	struct copy_end *e, const struct gnttab_copy_ptr *p, bool by_ref, bool write)
{
	if (!by_ref && p->domid != DOMID_SELF)
		return GNTST_permission_denied;
	if (likely(e->domain && e->domid == p->domid))
		return GNTST_okay;
	end_drop(e, write);
	e->domid = p->domid;
	e->domain = grant_domain_find(p->domid);
	return e->domain ? GNTST_okay : GNTST_bad_domain;
}

static inline int frame_pin(struct domain *d, mfn_t frame, bool write)
{
	struct page *page;

	if (!frame_valid(frame))
		return GNTST_bad_page;
	page = page_of(frame);
	if (!page_get_of(page, d->id))
		return GNTST_bad_page;
	if (write && !d->ops->page_type_get(page, true)) {
		page_put(page);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

static always_inline int end_hold(
	struct copy_end *e, const struct gnttab_copy_ptr *p, bool by_ref, bool write)
{
	u64 name = by_ref ? p->u.ref : p->u.gmfn;
	int rc;

	if (e->held && e->by_ref == by_ref && e->name == name)
		return GNTST_okay;
	page_let_go(e, write);
	e->by_ref = by_ref;
	e->name = name;
	if (by_ref) {
		rc = grant_pin(
			e->domain, (u32)name, current_vcpu()->domain->id, write, false, &e->entry);
		if (rc)
			return rc;
		e->frame = mfn(e->entry->frame);
	} else {
		e->frame = mfn(name);
		rc = frame_pin(e->domain, e->frame, write);
		if (rc)
			return rc;
	}
	e->held = true;
	return GNTST_okay;
}

/* v1 grants are of whole pages; a sub-page or transitive one was refused by grant_pin's type check.
 */
int grant_copy(struct grant_copies *c, const struct gnttab_copy *op)
{
	bool from_ref = op->flags & GNTCOPY_source_gref, to_ref = op->flags & GNTCOPY_dest_gref;
	int rc;

	if (op->len == 0)
		return GNTST_okay;
	rc = end_find(&c->from, &op->source, from_ref, false);
	if (rc == GNTST_okay)
		rc = end_find(&c->to, &op->dest, to_ref, true);
	if (rc == GNTST_okay && ((u32)op->source.offset + op->len > PAGE_SIZE ||
					(u32)op->dest.offset + op->len > PAGE_SIZE))
		rc = GNTST_bad_copy_arg;
	if (rc == GNTST_okay)
		rc = end_hold(&c->from, &op->source, from_ref, false);
	if (rc == GNTST_okay)
		rc = end_hold(&c->to, &op->dest, to_ref, true);
	if (rc == GNTST_okay)
		memmove((u8 *)frame_map(c->to.frame) + op->dest.offset,
			(u8 *)frame_map(c->from.frame) + op->source.offset, op->len);
	return rc;
}

void grant_copies_end(struct grant_copies *c)
{
	end_drop(&c->from, false);
	end_drop(&c->to, true);
}
