/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the test kernel. Pages come from one list that only grows: a test never gets a page
 *that another one used, so a page left pinned by a failed test harms nobody. Page tables are
 *changed by hypercall only. Addresses:
 *
 *	VIRT_BASE	image and everything that the domain builder mapped (pfn 0 upwards)
 *	POOL_BASE	dom0 only: more pages, one to one from pfn pool_first on
 *	SCRATCH		for tests: map_page() builds the tables that are missing
 *	USER_BASE	the lower half: shared with the user mode page table, user.c
 */
#ifndef PVT_MEMORY_H
#define PVT_MEMORY_H

#include "base.h"
#include "hypercall.h"

#include "asm.h"

#define POOL_BASE     0xffff888000000000ul
#define SCRATCH	      0xffffc00000000000ul
#define UNMAPPED      0xffffe00000001000ul /* nothing is ever there */
#define NON_CANONICAL 0x0000800000000000ul

#define PTE_P		     0x001ul
#define PTE_RW		     0x002ul
#define PTE_US		     0x004ul
#define PTE_PWT		     0x008ul
#define PTE_PCD		     0x010ul
#define PTE_A		     0x020ul
#define PTE_D		     0x040ul
#define PTE_PSE		     0x080ul
#define PTE_G		     0x100ul
#define PTE_AVAIL	     0xe00ul
#define PTE_NX		     (1ul << 63)
#define PTE_RO		     (PTE_P | PTE_US | PTE_A)
#define PTE_RW_DATA	     (PTE_RO | PTE_RW | PTE_D)
#define PTE_TABLE	     (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_FRAME(pte)	     (((pte)&0x000ffffffffff000ul) >> PAGE_SHIFT)
#define MAKE_PTE(mfn, flags) ((u64)(mfn) << PAGE_SHIFT | (flags))

extern struct start_info *start_info;
extern struct shared_info *shared_info;

/* From start_info to a working pool; before anything else here. */
void memory_init(struct start_info *si);

/* A zeroed page, mapped writable, or N consecutive ones. Never fails: the domain ends instead. */
void *page_alloc(void);
void *pages_alloc(unsigned int n);
u64 virt_to_pfn(const void *page);
u64 pfn_to_mfn(u64 pfn);
void p2m_set(u64 pfn, u64 mfn);
u64 virt_to_mfn(const void *page);
/* By the hypervisor's table; ~0 when the frame has no entry. */
u64 mfn_to_pfn(u64 mfn);
/* Where a frame of ours is mapped at home. */
void *mfn_to_virt(u64 mfn);

/* Machine address of the entry of the given level (1 to 4) that maps VA in the running page table,
 * or 0. */
u64 pte_address(u64 va, int level);
/* Its value as the guest reads it. */
u64 pte_read(u64 va, int level);
u64 l4_mfn(void);

/* One mmu_update; the error or 0. */
long pte_write(u64 machine_address, u64 value);
/* update_va_mapping with INVLPG everywhere. */
long va_write(const void *va, u64 pte);
long page_set_flags(const void *page, u64 flags); /* the page at its home, e.g. PTE_RO */
/* One MMUEXT operation with one argument. */
long mmuext(unsigned int command, u64 mfn);
long mmuext_op(struct mmuext_op op);

/* A new, empty, unpinned page table of no type yet: a zeroed page mapped read-only at home. Fill it
 * with table_set before its first use (through a writable mapping that is closed again). */
u64 *table_alloc(void);
void table_set(u64 *table, unsigned int index, u64 value);
/* The kernel's part of a fresh L4: all slots of the running one from 256 on that are not the
 * hypervisor's. */
u64 *l4_alloc(void);

/* Map VA in the running page table, making tables as needed. */
long map_page(u64 va, u64 pte);

#endif
