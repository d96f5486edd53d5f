/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1: shared frames that the owner writes, our active entries, and maptrack:
 * one entry a mapping. No transfer, no transitive or sub-page grants (C8). grant.c: table and life;
 * grant_pin.h: pins; grant_map.c: map/unmap; grant_copy.c: copy. Invariant: an active entry's pins
 * > 0 <=> maptrack entries exist <=> a page reference (and a type one when writable) is held.
 * Locks: gt->lock; maptrack belongs to the mapping domain, under its own gt->maptrack_lock; order:
 * remote's gt->lock then ours.
 */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include <xen/grant_table.h>

#include "core/vcpu.h"

#define GRANTS_PER_FRAME  (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define MAPTRACK_PER_PAGE (PAGE_SIZE / sizeof(struct maptrack))

/* What is held for a shared entry while it is pinned; 8 bytes, a page of them for a page of
 * entries. */
struct active_entry {
	u32 frame;
	u16 domid;     /* who pinned it */
	u8 pins;       /* mappings and copies; while > 0 a page reference is held */
	u8 write_pins; /* those that write; while > 0 a writable type reference is held */
};

/* One mapping; the handle is its index. */
struct maptrack {
	u32 ref;   /* free: index + 1 of the next free one */
	u16 flags; /* GNTMAP_*; 0 free; MAPTRACK_BUSY: it is only being made, or unmapped */
	u16 domid; /* granter */
	u64 slot;  /* where its entry is, as d->ops->grant_map said */
};
#define MAPTRACK_BUSY 0x8000

struct grant_table {
	/* lock: */
	spinlock_t lock;
	u32 frames, max_frames;
	struct grant_entry_v1 **shared; /* [max_frames], shared with the guest: hostile */
	struct active_entry **active;

	/* maptrack_lock: what this domain mapped of others */
	spinlock_t maptrack_lock;
	struct maptrack **maptrack; /* [max_maptrack_frames], made at the first map */
	u32 maptrack_frames, max_maptrack_frames;
	u32 maptrack_free; /* index + 1 of the first free entry */
	u32 maptrack_used;
	u32 relinquished; /* progress of grant_relinquish */
};

/* For grant_map.c and grant_copy.c, beside grant_pin.h. */
struct domain *grant_domain_find(u16 domid); /* DOMID_SELF too; with a reference */

must_check int grant_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
int grant_relinquish(struct domain *d); /* drop all mappings that d holds, bounded: -ERESTART */
void grant_destroy(struct domain *d);

/* One entry of each GNTTABOP_* array, already copied in; results in the struct's status (GNTST_*)
 * except where said. */
void grant_map_ref(struct gnttab_map_grant_ref *op);
void grant_unmap_ref(struct gnttab_unmap_grant_ref *op);
void grant_unmap_and_replace(struct gnttab_unmap_and_replace *op);
/*
 * End of a batch of unmaps on this CPU, before the caller yields or returns: flush TLBs once, then
 * let the granters see that their frames are free. Cheap when nothing is queued.
 */
void grant_unmap_done(void);
/*
 * A run of copies by the current vcpu, which does not yield before grant_copies_end(): starts
 * zeroed, and keeps each end's domain and page until an element names another. A page that is kept
 * stays pinned, so its granter sees GTF_reading or GTF_writing; whatever becomes of the entry
 * meanwhile counts for the next pin only.
 */
struct copy_end {
	struct domain *domain; /* with a reference; NULL: none */
	u64 name;	       /* the reference or frame number that was asked for */
	mfn_t frame;
	struct active_entry *entry; /* by reference: what is pinned; its page stays where it is */
	u16 domid;		    /* as asked for */
	bool by_ref, held;
};
struct grant_copies {
	struct copy_end from, to;
};
int grant_copy(struct grant_copies *c, const struct gnttab_copy *op); /* GNTST_* */
void grant_copies_end(struct grant_copies *c);
/* Grow d's table to frames and give the frame numbers; -errno or GNTST_* as status. */
int grant_setup(struct domain *d, u32 frames);
mfn_t grant_frame(struct domain *d, u32 index); /* grows; INVALID_MFN_RAW when out of range */
void grant_query_size(struct domain *d, u32 *frames, u32 *max_frames);
must_check int grant_set_size(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
u32 grant_version(struct domain *d);
must_check int grant_swap(struct domain *d, u32 ref_a, u32 ref_b);
/* Seed entry ref of a fresh domain for its console or store page (domain builders in the control
 * domain use foreign maps; dom0's own is ours). */
must_check int grant_seed(struct domain *d, u32 ref, u16 to, gfn_t frame);
void grant_dump(struct domain *d);

#endif
