/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1: shared frames that the owner writes, our active entries, and maptrack: one entry a mapping. No transfer, no
 * transitive or sub-page grants (C8). grant.c: table and life; grant_map.c: map/unmap; grant_copy.c: copy.
 * Invariant: an active entry's pins > 0 <=> maptrack entries exist <=> a page reference (and a type one when writable) is held.
 * Locks: gt->lock; maptrack belongs to the mapping domain, under its own gt->maptrack_lock; order: remote's gt->lock then ours.
 */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include <xen/grant_table.h>

#include "core/domain.h"

must_check int grant_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
int grant_relinquish(struct domain *d); /* drop all mappings that d holds, bounded: -ERESTART */
void grant_destroy(struct domain *d);

/* One entry of each GNTTABOP_* array, already copied in; results in the struct's status (GNTST_*) except where said. */
void grant_map_ref(struct gnttab_map_grant_ref *op);
void grant_unmap_ref(struct gnttab_unmap_grant_ref *op);
void grant_unmap_and_replace(struct gnttab_unmap_and_replace *op);
void grant_copy(struct gnttab_copy *op);
/* Grow d's table to frames and give the frame numbers; -errno or GNTST_* as status. */
int grant_setup(struct domain *d, u32 frames);
mfn_t grant_frame(struct domain *d, u32 index); /* grows; INVALID_MFN_RAW when out of range */
void grant_query_size(struct domain *d, u32 *frames, u32 *max_frames);
must_check int grant_set_size(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
u32 grant_version(struct domain *d);
must_check int grant_swap(struct domain *d, u32 ref_a, u32 ref_b);
/* Seed entry ref of a fresh domain for its console or store page (domain builders in the control domain use foreign maps; dom0's own is ours). */
must_check int grant_seed(struct domain *d, u32 ref, u16 to, gfn_t frame);
void grant_dump(struct domain *d);

#endif
