/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a back end for data that the hypervisor copies to and from a guest's. Where
 * /dev/xen/gntalloc gives them they are granted to this domain itself, and a copy names them by
 * reference: gntdev has to look up, hold and let go each page that is named by its address. Else
 * they are plain memory.
 */
#ifndef TOOLS_LIB_BACKEND_PAGES_H
#define TOOLS_LIB_BACKEND_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xengnttab.h>

#define BACKEND_PAGE 4096u

struct backend_pages {
	uint8_t *at;
	unsigned int count;
	uint32_t *refs; /* of each page, or NULL: not granted */
};

/*
 * So many pages, zeroed, for as long as the process lives: whenever it ends the kernel takes the
 * grants back. They are granted only before the sandbox. 0, or -1 (errno).
 */
int backend_pages_alloc(struct backend_pages *p, unsigned int count);

/*
 * Make `at`, which is in these pages, one end of a copy that does not leave its page. Returns
 * what to set in the segment's flags: by_ref (GNTCOPY_source_gref or _dest_gref) or nothing.
 */
static inline uint16_t backend_pages_end(
	const struct backend_pages *p, union xengnttab_copy_ptr *end, void *at, uint16_t by_ref)
{
	size_t offset = (uint8_t *)at - p->at;

	if (!p->refs) {
		end->virt = at;
		return 0;
	}
	end->foreign.ref = p->refs[offset / BACKEND_PAGE];
	end->foreign.offset = offset % BACKEND_PAGE;
	end->foreign.domid = DOMID_SELF;
	return by_ref;
}

#endif
