/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling a new PV domain: memory, kernel, ramdisk, start-of-day pages, page tables, first vCPU.
 * The domain must have been created and be paused, with its memory limit and vCPU count set.
 * Nothing here undoes anything: on failure the caller destroys the domain. ABI: <xen/xen.h>
 * (start_info), <xen/arch-x86/xen.h> (vcpu_guest_context), <xen/grant_table.h>.
 */
#ifndef TOOLS_BUILD_LOAD_H
#define TOOLS_BUILD_LOAD_H

#include "tools/build/layout.h"
#include "tools/build/sandbox.h"
#include "tools/lib/xen.h"

struct load {
	/* in: */
	uint32_t domid;
	uint64_t pages;
	uint32_t vcpus;
	bool claim;
	const struct kernel_image *image;
	const char *ramdisk; /* path or NULL */
	const char *cmdline; /* "" for none */
	uint32_t store_port, console_port;
	/* out: */
	uint64_t store_mfn, console_mfn;
};

/* Check that kernel and ramdisk fit the memory, without touching a domain. */
int load_check(const struct load *ld, struct error *e);
int load_domain(struct xen *x, struct load *ld, struct error *e);

#endif
