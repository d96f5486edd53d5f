/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything of a new PV guest goes: a pure function from the kernel's wishes and sizes to
 * page frame numbers and virtual addresses. Rules: <xen/xen.h>, "Domain start-of-day": one mapped
 * region from virt_base, packed page-aligned elements, at least 512 KiB of padding, end aligned to
 * 4 MiB.
 *
 *   region:  kernel | ramdisk (if it must be mapped) | p2m (if it must be there) | start_info |
 * xenstore | console | page tables | boot stack | padding behind it, mapped elsewhere or not at
 * all:  p2m and its page tables (INIT_P2M) | ramdisk (MOD_START_PFN)
 */
#ifndef TOOLS_BUILD_LAYOUT_H
#define TOOLS_BUILD_LAYOUT_H

#include "tools/build/kernel.h"

struct layout {
	uint64_t pages; /* of the guest */
	uint64_t virt_base;
	uint64_t ramdisk_pfn, ramdisk_pages;
	uint64_t p2m_pfn, p2m_pages;
	uint64_t p2m_virt; /* of the list */
	uint64_t p2m_tables_pfn,
		p2m_tables; /* page tables that map only the p2m list: 0 if it is in the region */
	uint64_t start_info_pfn, store_pfn, console_pfn;
	uint64_t tables_pfn, tables; /* the first is the L4 */
	uint64_t stack_pfn;
	uint64_t mapped_pages; /* pfns 0..mapped_pages-1 are the region */
	uint64_t end_pfn;      /* first pfn that nothing lies in */
};

/* ramdisk: bytes, 0 for none. -1 with e: the memory is too small (how much would do is said) or the
 * sizes absurd. */
int layout_plan(const struct kernel *k, uint64_t pages, uint64_t ramdisk, struct layout *l,
	struct error *e);

#endif
