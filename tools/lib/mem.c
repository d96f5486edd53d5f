/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory operations: see mem.h.
 */
#include "tools/lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/lib/text.h"

#define SUPER_ORDER 9
/* Pages of one hypercall: the hypervisor clears them, and this CPU does nothing else meanwhile. */
#define BATCH 4096

int mem_claim(struct xen *x, uint32_t domid, uint64_t pages)
{
	struct xen_memory_reservation r = { .nr_extents = pages, .domid = domid };

	return xen_memory_op(x, XENMEM_claim_pages, &r, sizeof(r)) < 0 ? -1 : 0;
}

/* How many of n extents of this order starting at pfn were allocated; their mfns are put in p2m. */
static long populate(
	struct xen *x, uint32_t domid, unsigned int order, uint64_t pfn, long n, xen_pfn_t *p2m)
{
	struct xen_memory_reservation r = {
		.nr_extents = n, .extent_order = order, .domid = domid
	};
	xen_pfn_t *ext = hbuf_alloc(x, n * sizeof(*ext));
	long i, done;
	uint64_t k;

	for (i = 0; i < n; i++)
		ext[i] = pfn + ((uint64_t)i << order);
	set_xen_guest_handle(r.extent_start, ext);
	done = xen_memory_op(x, XENMEM_populate_physmap, &r, sizeof(r));
	for (i = 0; i < done; i++)
		for (k = 0; k < 1UL << order; k++)
			p2m[pfn + ((uint64_t)i << order) + k] = ext[i] + k;
	hbuf_free(x, ext);
	return done;
}

int mem_populate(struct xen *x, uint32_t domid, uint64_t pages, xen_pfn_t *p2m)
{
	unsigned int order = SUPER_ORDER;
	uint64_t pfn = 0;
	long want, got;

	/* Large extents first: fewer calls. Where the host has no more of them, single pages. */
	while (pfn < pages) {
		if (pages - pfn < 1UL << order)
			order = 0;
		want = (pages - pfn) >> order;
		if (want > BATCH >> order)
			want = BATCH >> order;
		got = populate(x, domid, order, pfn, want, p2m);
		if (got <= 0 && !order) {
			errno = ENOMEM;
			return -1;
		}
		if (got > 0)
			pfn += (uint64_t)got << order;
		if (got < want)
			order = 0;
	}
	return 0;
}

void *mem_map(struct xen *x, uint32_t domid, size_t pages, const xen_pfn_t *mfns)
{
	int *err = xalloc(pages * sizeof(*err));
	void *p = xenforeignmemory_map(x->memory, domid, PROT_READ | PROT_WRITE, pages, mfns, err);
	size_t i;

	for (i = 0; p && i < pages; i++) {
		if (!err[i])
			continue;
		mem_unmap(x, p, pages);
		errno = -err[i] > 0 ? -err[i] : EFAULT;
		p = NULL;
	}
	i = errno;
	free(err);
	errno = i;
	return p;
}

void mem_unmap(struct xen *x, void *p, size_t pages)
{
	if (p)
		xenforeignmemory_unmap(x->memory, p, pages);
}

void *mem_map_grant_table(struct xen *x, uint32_t domid, xenforeignmemory_resource_handle **res)
{
	void *p = NULL;

	*res = xenforeignmemory_map_resource(x->memory, domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &p, PROT_READ | PROT_WRITE, 0);
	return *res ? p : NULL;
}
