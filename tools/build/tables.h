/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first page tables of a guest, built in our memory: a pure function of the layout and the p2m
 * list.
 */
#ifndef TOOLS_BUILD_TABLES_H
#define TOOLS_BUILD_TABLES_H

#include "tools/build/layout.h"

#define PTE_P  0x001UL
#define PTE_RW 0x002UL
#define PTE_US 0x004UL
#define PTE_A  0x020UL
#define PTE_D  0x040UL

/*
 * out: room for (l->tables + l->p2m_tables) * 512 entries, zeroed by the caller; table i is the
 * page at tables_pfn + i, or at p2m_tables_pfn + i - l->tables. Table 0 is the L4. Every page table
 * is mapped read-only. -1 only if the layout is not one that layout_plan made.
 */
int tables_build(const struct layout *l, const uint64_t *p2m, uint64_t *out);

#endif
