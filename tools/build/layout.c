/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a new guest: see layout.h.
 */
#include "tools/build/layout.h"

#include <string.h>

#define PADDING_PAGES 128  /* 512 KiB */
#define REGION_ALIGN  1024 /* 4 MiB in pages */
#define PTRS	      512UL

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + 4095) >> 12;
}

/* Tables of one level (entry size 2^shift bytes of address space a table) that a range of addresses
 * needs. */
static uint64_t tables_for(uint64_t virt, uint64_t bytes, unsigned int shift)
{
	return ((virt + bytes - 1) >> shift) - (virt >> shift) + 1;
}

/* L1, L2 and L3 tables of the region, without the L4. The region may end at the top of the address
 * space. */
static uint64_t region_tables(uint64_t virt, uint64_t pages)
{
	uint64_t bytes = pages << 12;

	return tables_for(virt, bytes, 21) + tables_for(virt, bytes, 30) +
	       tables_for(virt, bytes, 39);
}

int layout_plan(
	const struct kernel *k, uint64_t pages, uint64_t ramdisk, struct layout *l, struct error *e)
{
	bool own_p2m = k->init_p2m != KERNEL_NONE;
	uint64_t at = k->high >> 12, need, mapped = 0;

	memset(l, 0, sizeof(*l));
	l->pages = pages;
	l->virt_base = k->virt_base;
	l->ramdisk_pages = pages_of(ramdisk);
	l->p2m_pages = pages_of(pages * sizeof(uint64_t));
	if (!k->mod_start_pfn) {
		l->ramdisk_pfn = at;
		at += l->ramdisk_pages;
	}
	if (!own_p2m) {
		l->p2m_pfn = at;
		l->p2m_virt = k->virt_base + (at << 12);
		at += l->p2m_pages;
	}
	l->start_info_pfn = at++;
	l->store_pfn = at++;
	l->console_pfn = at++;
	l->tables_pfn = at;
	/* The page tables map the region, which holds the page tables: grow until it fits. */
	do {
		l->tables = mapped ? 1 + region_tables(k->virt_base, mapped) : 1;
		need = at + l->tables + 1 + PADDING_PAGES;
		mapped = (need + REGION_ALIGN - 1) & ~(REGION_ALIGN - 1UL);
	} while (l->tables < 1 + region_tables(k->virt_base, mapped));
	l->stack_pfn = at + l->tables;
	l->mapped_pages = mapped;
	l->end_pfn = l->stack_pfn + 1;
	if (own_p2m) {
		l->p2m_virt = k->init_p2m;
		l->p2m_pfn = mapped;
		l->p2m_tables_pfn = mapped + l->p2m_pages;
		l->p2m_tables = region_tables(k->init_p2m, l->p2m_pages);
		l->end_pfn = l->p2m_tables_pfn + l->p2m_tables;
	}
	if (k->mod_start_pfn && ramdisk) {
		l->ramdisk_pfn = own_p2m ? l->end_pfn : mapped;
		l->end_pfn = l->ramdisk_pfn + l->ramdisk_pages;
	}
	need = l->end_pfn > mapped ? l->end_pfn : mapped;
	if (k->virt_base + (mapped << 12) - 1 < k->virt_base || need > pages) {
		error_set(e, ERR_NOMEM,
			"kernel and ramdisk need at least %llu MiB, the guest has %llu",
			(unsigned long long)(need >> 8) + 1, (unsigned long long)pages >> 8);
		error_advice(e, "memory = %llu", (unsigned long long)(need >> 8) + 16);
		return -1;
	}
	return 0;
}
