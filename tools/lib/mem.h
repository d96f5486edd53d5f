/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory: claiming it, populating a domain's physical map, mapping a domain's frames here. -1
 * with errno on failure. ABI: <xen/memory.h>.
 */
#ifndef TOOLS_LIB_MEM_H
#define TOOLS_LIB_MEM_H

#include "tools/lib/xen.h"

/* Reserve host memory for the domain until it is populated; pages 0 gives the claim back. */
int mem_claim(struct xen *x, uint32_t domid, uint64_t pages);
/* Allocate frames for pfns 0..pages-1 and note their machine frames in p2m[]. */
int mem_populate(struct xen *x, uint32_t domid, uint64_t pages, xen_pfn_t *p2m);
/* Map machine frames read-write; NULL with errno when any of them cannot be mapped. */
void *mem_map(struct xen *x, uint32_t domid, size_t pages, const xen_pfn_t *mfns);
void mem_unmap(struct xen *x, void *p, size_t pages);
/* Map the first frame of the domain's grant table (version 1). */
void *mem_map_grant_table(struct xen *x, uint32_t domid, xenforeignmemory_resource_handle **res);

#endif
