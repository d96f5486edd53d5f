/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping and unmapping grants. A mapping is a maptrack entry of the mapping domain, named by its
 * handle, and a pin of the granter's entry; the page-table entry holds references of its own
 * (d->ops->grant_map). Who makes or unmaps one marks it busy, and it is no handle for anybody else
 * until he is done: no pin goes twice, and none of a mapping that another vcpu is just making.
 * Unmapping: the entry goes, then every CPU forgets its translation, then the
 * pin is dropped and the granter sees it (C4, C8). The middle step is done once a batch: unmaps
 * wait in a per-CPU queue until grant_unmap_done(). A granter cannot go away while pinned, because
 * the pinned page keeps it. Lock: the mapping domain's maptrack_lock for its entries; never held
 * together with a gt->lock.
 */
#include "core/grant_pin.h"
#include "core/softirq.h"
#include "lib/check.h"

#define QUEUE_LENGTH 32
/* What is kept of a mapping's flags; the others only matter to its entry. */
#define GNTMAP_KEPT                                                                       \
	(GNTMAP_device_map | GNTMAP_host_map | GNTMAP_readonly | GNTMAP_application_map | \
		GNTMAP_contains_pte)

struct unmapped {
	struct domain *granter;
	u32 ref;
	bool write;
};

struct unmap_queue {
	struct domain *mapper;
	unsigned count;
	struct unmapped entry[QUEUE_LENGTH];
};

static struct unmap_queue *queues[NR_CPUS]; /* made at a CPU's first unmap */

/* ---- maptrack; maptrack_lock held ---- */

static struct maptrack *maptrack_at(struct grant_table *gt, u32 handle)
{
	u64 limit = (u64)gt->maptrack_frames * MAPTRACK_PER_PAGE, index = bounded(handle, limit);

	return handle < limit ? &gt->maptrack[index / MAPTRACK_PER_PAGE][index % MAPTRACK_PER_PAGE]
			      : NULL;
}

static bool maptrack_grow(struct grant_table *gt)
{
	u32 first = gt->maptrack_frames * (u32)MAPTRACK_PER_PAGE;
	struct maptrack *page;

	if (gt->maptrack_frames == gt->max_maptrack_frames)
		return false;
	if (!gt->maptrack)
		gt->maptrack = heap_alloc(gt->max_maptrack_frames * sizeof(*gt->maptrack));
	page = gt->maptrack ? heap_pages(0, 0) : NULL;
	if (!page)
		return false;
	for (u32 i = 0; i < MAPTRACK_PER_PAGE; i++)
		page[i].ref = i + 1 < MAPTRACK_PER_PAGE ? first + i + 2 : 0;
	gt->maptrack[gt->maptrack_frames++] = page;
	gt->maptrack_free = first + 1;
	return true;
}

/* A free entry's handle, used and busy; ~0: none left. Entries stay where they are. */
static u32 maptrack_take(
	struct grant_table *gt, u32 ref, u32 flags, u16 domid, struct maptrack **taken)
{
	u32 handle = ~0u;

	spin_lock(&gt->maptrack_lock);
	if (gt->maptrack_free || maptrack_grow(gt)) {
		struct maptrack *m;

		handle = gt->maptrack_free - 1;
		*taken = m = maptrack_at(gt, handle);
		gt->maptrack_free = m->ref;
		gt->maptrack_used++;
		*m = (struct maptrack){ .ref = ref,
			.flags = (u16)(flags & GNTMAP_KEPT) | MAPTRACK_BUSY,
			.domid = domid };
	}
	spin_unlock(&gt->maptrack_lock);
	return handle;
}

/* Mark a mapping busy; *was is what it is. NULL: no such, or somebody else is at it. */
static struct maptrack *maptrack_claim(struct grant_table *gt, u32 handle, struct maptrack *was)
{
	struct maptrack *m;

	spin_lock(&gt->maptrack_lock);
	m = maptrack_at(gt, handle);
	if (m && m->flags && !(m->flags & MAPTRACK_BUSY)) {
		*was = *m;
		m->flags |= MAPTRACK_BUSY;
	} else {
		m = NULL;
	}
	spin_unlock(&gt->maptrack_lock);
	return m;
}

/* The busy entry is ours: it is a mapping at slot. */
static void maptrack_settle(struct grant_table *gt, struct maptrack *m, u64 slot)
{
	spin_lock(&gt->maptrack_lock);
	m->slot = slot;
	m->flags &= (u16)~MAPTRACK_BUSY;
	spin_unlock(&gt->maptrack_lock);
}

/* The busy entry is ours: it is a mapping no more. */
static void maptrack_drop(struct grant_table *gt, struct maptrack *m, u32 handle)
{
	spin_lock(&gt->maptrack_lock);
	*m = (struct maptrack){ .ref = gt->maptrack_free };
	gt->maptrack_free = handle + 1;
	gt->maptrack_used--;
	spin_unlock(&gt->maptrack_lock);
}

/* ---- map ---- */

static int map_ref(struct gnttab_map_grant_ref *op, struct domain *granter, struct vcpu *v)
{
	bool write = !(op->flags & GNTMAP_readonly);
	struct grant_table *own = v->domain->grants;
	struct active_entry *a;
	struct maptrack *m;
	mfn_t frame;
	u64 slot = 0;
	u32 handle;
	int rc;

	handle = maptrack_take(own, op->ref, op->flags, granter->id, &m);
	if (handle == ~0u)
		return GNTST_no_space;
	rc = grant_pin(granter, op->ref, v->domain->id, write, true, &a);
	if (rc == GNTST_okay) {
		frame = mfn(a->frame);
		rc = v->domain->ops->grant_map(v, op->host_addr, op->flags, frame, &slot);
		if (rc != GNTST_okay)
			grant_unpin_entry(granter, a, op->ref, write);
	}
	if (rc != GNTST_okay) {
		maptrack_drop(own, m, handle);
		return rc;
	}
	maptrack_settle(own, m, slot);
	op->handle = handle;
	op->dev_bus_addr = frame.n << PAGE_SHIFT;
	return GNTST_okay;
}

void grant_map_ref(struct gnttab_map_grant_ref *op)
{
	struct domain *granter;

	if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
		op->status = GNTST_bad_gntref;
		return;
	}
	if (op->flags & GNTMAP_device_map) { /* no IOMMU: nothing to map it in */
		op->status = GNTST_general_error;
		return;
	}
	granter = grant_domain_find(op->dom);
	if (!granter) {
		op->status = GNTST_bad_domain;
		return;
	}
	op->status = (s16)map_ref(op, granter, current_vcpu());
	domain_put(granter);
}

/* ---- unmap ---- */

void grant_unmap_done(void)
{
	struct unmap_queue *q = queues[cpu_id()];

	if (!q || !q->count)
		return;
	if (q->mapper->ops->tlb_flush)
		q->mapper->ops->tlb_flush(q->mapper);
	for (unsigned i = 0; i < q->count; i++)
		grant_unpin(q->entry[i].granter, q->entry[i].ref, q->entry[i].write);
	q->count = 0;
}

/* The mapping is gone from the page table: drop its pin after the next flush. */
static void unmap_queue(struct domain *mapper, const struct maptrack *m)
{
	struct unmap_queue *q = queues[cpu_id()];

	if (!q)
		q = queues[cpu_id()] = heap_alloc(sizeof(*q));
	if (!q) { /* no memory for the queue: a flush for each */
		if (mapper->ops->tlb_flush)
			mapper->ops->tlb_flush(mapper);
		grant_unpin(domain_by_id(m->domid), m->ref, !(m->flags & GNTMAP_readonly));
		return;
	}
	if (q->count == QUEUE_LENGTH)
		grant_unmap_done();
	q->mapper = mapper;
	q->entry[q->count++] =
		(struct unmapped){ domain_by_id(m->domid), m->ref, !(m->flags & GNTMAP_readonly) };
}

static mfn_t pinned_frame(struct domain *granter, u32 ref)
{
	struct active_entry *a;
	mfn_t frame;

	spin_lock(&granter->grants->lock);
	a = grant_active(granter->grants, ref);
	frame = mfn(a ? a->frame : INVALID_MFN_RAW);
	spin_unlock(&granter->grants->lock);
	return frame;
}

/* The page table's entry goes first, then the handle and, after a flush, the pin: there is never an
 * entry without a pin. */
static int unmap_one(u64 host_addr, u64 new_addr, u32 handle)
{
	struct vcpu *v = current_vcpu();
	struct domain *d = v->domain;
	struct maptrack m, *entry = maptrack_claim(d->grants, handle, &m);
	int rc = GNTST_okay;

	if (!entry)
		return GNTST_bad_handle;
	if (host_addr) /* else nothing is named: nothing done */
		rc = d->ops->grant_unmap(v, host_addr, m.flags,
			pinned_frame(domain_by_id(m.domid), m.ref), new_addr, m.slot);
	if (!host_addr || rc != GNTST_okay) {
		maptrack_settle(d->grants, entry, m.slot);
		return rc;
	}
	maptrack_drop(d->grants, entry, handle);
	unmap_queue(d, &m);
	return GNTST_okay;
}

void grant_unmap_ref(struct gnttab_unmap_grant_ref *op)
{
	op->status = (s16)unmap_one(op->host_addr, 0, op->handle);
}

void grant_unmap_and_replace(struct gnttab_unmap_and_replace *op)
{
	op->status = (s16)unmap_one(op->host_addr, op->new_addr, op->handle);
}

/* ---- a dying domain's mappings ---- */

int grant_relinquish(struct domain *d)
{
	struct grant_table *gt = d->grants;
	u32 limit = gt->maptrack_frames * (u32)MAPTRACK_PER_PAGE;
	struct maptrack m, *entry;

	if (gt->relinquished == 0 && gt->maptrack_used && d->ops->tlb_flush)
		d->ops->tlb_flush(d); /* none of its vcpus runs again */
	while (gt->relinquished < limit && gt->maptrack_used) {
		u32 handle = gt->relinquished++;

		entry = maptrack_claim(gt, handle, &m);
		if (entry) {
			maptrack_drop(gt, entry, handle);
			grant_unpin(domain_by_id(m.domid), m.ref, !(m.flags & GNTMAP_readonly));
		}
		if (gt->relinquished % 128 == 0 && should_yield())
			return -ERESTART;
	}
	return 0;
}
