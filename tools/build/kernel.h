/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an ELF kernel says about itself: segments and Xen notes, checked. Pure: memory in, a flat
 * struct out, which holds offsets into the image, no pointers, so that it can be passed between
 * processes and checked again. ABI: <xen/elfnote.h>.
 */
#ifndef TOOLS_BUILD_KERNEL_H
#define TOOLS_BUILD_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/lib/error.h"

#define KERNEL_SEGMENTS 16
#define KERNEL_NONE	UINT64_MAX

struct kernel_segment {
	uint64_t offset, file_size; /* in the image */
	uint64_t pfn_addr;	    /* address from the start of guest memory */
	uint64_t mem_size;
};

struct kernel {
	uint32_t segments;
	struct kernel_segment segment[KERNEL_SEGMENTS];
	uint64_t low, high;	 /* of all segments, as pfn_addr; page-aligned outwards */
	uint64_t virt_base;	 /* where guest memory 0 is mapped */
	uint64_t entry;		 /* virtual */
	uint64_t hypercall_page; /* virtual, KERNEL_NONE without one */
	uint64_t init_p2m;  /* virtual, KERNEL_NONE when the list belongs in the initial region */
	bool mod_start_pfn; /* the ramdisk may stay unmapped, its pfn is passed */
	char guest_os[32], loader[32];
};

/* Read image[0..len) into k. -1 with e filled. */
int kernel_parse(const uint8_t *image, size_t len, struct kernel *k, struct error *e);
/* The checks on a struct kernel that came from elsewhere: all ranges inside an image of len bytes
 * and consistent. */
int kernel_check(const struct kernel *k, size_t len, struct error *e);

#endif
