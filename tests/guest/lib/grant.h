/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant table version 1 of the running domain: the shared entries, and calls with one operation
 * each. */
#ifndef PVT_GRANT_H
#define PVT_GRANT_H

#include "base.h"
#include "hypercall.h"

/* Map the shared frames on first use (NR_GRANT_FRAMES of them). Grants below 8 are reserved by
 * convention. */
#define NR_GRANT_FRAMES 1
struct grant_entry_v1 *grant_table(void);
void grant_give(u32 ref, u16 domid, u64 mfn, u16 flags);
/* Take it back; false while somebody has it mapped. */
bool grant_end(u32 ref);

/* GNTTABOP_map_grant_ref at VA; the status is returned, the handle stored. A hypercall error comes
 * back as it is. */
long grant_map(u16 domid, u32 ref, const void *va, u32 flags, u32 *handle);
long grant_unmap(const void *va, u32 handle);
/* Between (DOMID, ref) or (DOMID_SELF, frame): whole operation, see <xen/grant_table.h>. */
long grant_copy(struct gnttab_copy copy);

#endif
