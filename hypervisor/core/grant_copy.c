/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GNTTABOP_copy: bytes within one page to within another, each given by a grant or by a frame of
 * the caller. Both ends are pinned for the copy: source readable, destination writable as a page of
 * plain data. No lock is held while bytes move.
 */
#include "core/grant.h"
#include "lib/string.h"

struct end {
	struct domain *domain; /* with a reference */
	bool by_ref, write;
	u32 ref;
	mfn_t frame;
	bool held;
};

static int end_find(struct end *e, const struct gnttab_copy_ptr *p, bool by_ref, bool write)
{
	*e = (struct end){ .by_ref = by_ref, .write = write };
	if (!by_ref && p->domid != DOMID_SELF)
		return GNTST_permission_denied;
	e->domain = grant_domain_find(p->domid);
	return e->domain ? GNTST_okay : GNTST_bad_domain;
}

static int end_hold(struct end *e, const struct gnttab_copy_ptr *p)
{
	struct page *page;
	int rc;

	if (e->by_ref) {
		e->ref = p->u.ref;
		rc = grant_pin(
			e->domain, e->ref, current_vcpu()->domain->id, e->write, false, &e->frame);
		e->held = rc == GNTST_okay;
		return rc;
	}
	e->frame = mfn(p->u.gmfn);
	if (!frame_valid(e->frame))
		return GNTST_bad_page;
	page = page_of(e->frame);
	if (!page_get(page, e->domain))
		return GNTST_bad_page;
	if (e->write && !e->domain->ops->page_type_get(page, true)) {
		page_put(page);
		return GNTST_general_error;
	}
	e->held = true;
	return GNTST_okay;
}

static void end_drop(struct end *e)
{
	if (e->held && e->by_ref) {
		grant_unpin(e->domain, e->ref, e->write);
	} else if (e->held) {
		struct page *page = page_of(e->frame);

		if (e->write)
			e->domain->ops->page_type_put(page, true);
		page_put(page);
	}
	if (e->domain)
		domain_put(e->domain);
}

/* v1 grants are of whole pages; a sub-page or transitive one was refused by grant_pin's type check.
 */
void grant_copy(struct gnttab_copy *op)
{
	struct end from, to = { .domain = NULL };
	int rc;

	if (op->len == 0) {
		op->status = GNTST_okay;
		return;
	}
	rc = end_find(&from, &op->source, op->flags & GNTCOPY_source_gref, false);
	if (rc == GNTST_okay)
		rc = end_find(&to, &op->dest, op->flags & GNTCOPY_dest_gref, true);
	if (rc == GNTST_okay && ((u32)op->source.offset + op->len > PAGE_SIZE ||
					(u32)op->dest.offset + op->len > PAGE_SIZE))
		rc = GNTST_bad_copy_arg;
	if (rc == GNTST_okay)
		rc = end_hold(&from, &op->source);
	if (rc == GNTST_okay)
		rc = end_hold(&to, &op->dest);
	if (rc == GNTST_okay)
		memmove((u8 *)frame_map(to.frame) + op->dest.offset,
			(u8 *)frame_map(from.frame) + op->source.offset, op->len);
	end_drop(&from);
	end_drop(&to);
	op->status = (s16)rc;
}
