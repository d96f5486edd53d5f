/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own page tables: the 16 L4 slots of HV_FIRST_SLOT, the same in every address space. Built
 * once at boot; later only L1 entries of the IOMAP and of the CPU areas change, so L4s that copied
 * the slots never go stale.
 */
#ifndef X86_PGTABLE_H
#define X86_PGTABLE_H

#include "lib/base.h"

#define PTE_P	 BIT(0)
#define PTE_RW	 BIT(1)
#define PTE_US	 BIT(2)
#define PTE_PWT	 BIT(3)
#define PTE_PCD	 BIT(4)
#define PTE_A	 BIT(5)
#define PTE_D	 BIT(6)
#define PTE_PS	 BIT(7)
#define PTE_G	 BIT(8)
#define PTE_NX	 BIT(63)
#define PTE_ADDR 0x000ffffffffff000ul

/* The entry that slot (HV_FIRST_SLOT..+15) has in every L4; 0 for a slot that is not used. */
u64 pgtable_hv_l4e(unsigned slot);
u64 pgtable_hv_cr3(void); /* of the address space with no guest in it: idle, dying vcpus */

void pgtable_init(void);	    /* boot: build and load */
void pgtable_map_cpu(unsigned cpu); /* the L1 of this CPU's area, with its stack pages */
u64 *pgtable_cpu_l1(unsigned cpu);  /* 512 entries that map cpu's area */
/* Map [pa, pa + bytes) in the IOMAP, uncached; NULL when the range is full. The offset in the page
 * is kept. */
void *iomap(u64 pa, u64 bytes);
void iounmap(void *va, u64 bytes);

#endif
