/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a guest's first page tables: see tables.h. Tables are taken in the order in which
 * addresses need them.
 */
#include "tools/build/tables.h"

#include <stdbool.h>

#define PTRS   512UL
#define LEVELS 4

struct pool {
	const struct layout *l;
	const uint64_t *p2m;
	uint64_t *out;
	uint64_t next, end; /* index of the next free table */
};

static uint64_t table_pfn(const struct layout *l, uint64_t i)
{
	return i < l->tables ? l->tables_pfn + i : l->p2m_tables_pfn + i - l->tables;
}

/* The table that an entry of table t points to. Entries hold machine frames, so it is looked up by
 * frame; 0: none. */
static uint64_t child_of(const struct pool *p, uint64_t entry)
{
	uint64_t mfn = entry >> 12 & 0xffffffffffUL, i;

	for (i = 1; i < p->end; i++)
		if (p->p2m[table_pfn(p->l, i)] == mfn)
			return i;
	return 0;
}

static int map_page(struct pool *p, uint64_t va, uint64_t pfn, bool writable)
{
	uint64_t t = 0, *entry;
	int level;

	for (level = LEVELS; level > 1; level--) {
		entry = &p->out[t * PTRS + (va >> (12 + 9 * (level - 1)) & (PTRS - 1))];
		if (!*entry) {
			if (p->next == p->end)
				return -1;
			*entry = p->p2m[table_pfn(p->l, p->next)] << 12 | PTE_P | PTE_RW | PTE_US |
				 PTE_A | PTE_D;
			p->next++;
		}
		t = child_of(p, *entry);
		if (!t)
			return -1;
	}
	p->out[t * PTRS + (va >> 12 & (PTRS - 1))] =
		p->p2m[pfn] << 12 | PTE_P | PTE_A | PTE_US | (writable ? PTE_RW | PTE_D : 0);
	return 0;
}

int tables_build(const struct layout *l, const uint64_t *p2m, uint64_t *out)
{
	struct pool p = { l, p2m, out, 1, l->tables };
	uint64_t i;

	for (i = 0; i < l->mapped_pages; i++)
		if (map_page(&p, l->virt_base + (i << 12), i,
			    i < l->tables_pfn || i >= l->tables_pfn + l->tables))
			return -1;
	p.next = l->tables;
	p.end = l->tables + l->p2m_tables;
	for (i = 0; l->p2m_tables && i < l->p2m_pages; i++)
		if (map_page(&p, l->p2m_virt + (i << 12), l->p2m_pfn + i, true))
			return -1;
	return 0;
}
