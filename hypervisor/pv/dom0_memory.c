/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control domain's frames while it is built: runs of machine frames for runs of its own,
 * written through the direct map. Nothing is cleared that is written anyway or that the kernel
 * treats as free memory: before the first guest there are no secrets in it.
 */
#include "core/frame.h"
#include "lib/check.h"
#include "lib/string.h"
#include "pv/dom0.h"
#include "pv/m2p.h"
#include "pv/pv.h"

#define ORDER_MAX  18
#define PER_PAGE   512u
#define TABLE_BITS 0x67ul /* present, writable, user, accessed, dirty */
#define WRITABLE   0x02ul

static void chunk_add(struct dom0_frames *f, u64 pfn, u64 frame, u64 count)
{
	struct dom0_chunk *last = f->chunk_count ? &f->chunk[f->chunk_count - 1] : NULL;

	if (last && last->pfn + last->count == pfn && last->mfn + last->count == frame) {
		last->count += count;
		return;
	}
	if (f->chunk_count == DOM0_MAX_CHUNKS)
		panic("dom0: free memory is in too many pieces\n");
	f->chunk[f->chunk_count++] = (struct dom0_chunk){ pfn, frame, count };
}

void dom0_frames_alloc(struct dom0_frames *f, u64 pfn, u64 count)
{
	unsigned order = ORDER_MAX;

	while (count) {
		struct page *p;

		while (BIT(order) > count)
			order--;
		p = page_alloc(f->d, order, FRAME_NO_SCRUB);
		if (!p && !order--)
			panic("dom0: out of memory, %lu frames missing: lower dom0_mem\n",
				(unsigned long)count);
		if (!p)
			continue;
		chunk_add(f, pfn, page_frame(p).n, BIT(order));
		pfn += BIT(order);
		count -= BIT(order);
	}
}

void dom0_frames_adopt(struct dom0_frames *f, u64 pfn, u64 frame, u64 count)
{
	for (u64 i = 0; i < count; i++)
		if (page_assign(f->d, page_of(mfn(frame + i))))
			panic("dom0: frame %lx of the initrd is in use\n",
				(unsigned long)(frame + i));
	chunk_add(f, pfn, frame, count);
}

static const struct dom0_chunk *chunk_of(const struct dom0_frames *f, u64 pfn)
{
	for (unsigned i = 0; i < f->chunk_count; i++)
		if (pfn - f->chunk[i].pfn < f->chunk[i].count)
			return &f->chunk[i];
	panic("dom0: guest frame %lx has no memory\n", (unsigned long)pfn);
}

u64 dom0_frame_of(const struct dom0_frames *f, u64 pfn)
{
	const struct dom0_chunk *c = chunk_of(f, pfn);

	return c->mfn + (pfn - c->pfn);
}

void dom0_write(const struct dom0_frames *f, u64 at, const void *from, u64 bytes)
{
	while (bytes) {
		const struct dom0_chunk *c = chunk_of(f, at >> PAGE_SHIFT);
		u64 offset = at - (c->pfn << PAGE_SHIFT);
		u64 now = min(bytes, (c->count << PAGE_SHIFT) - offset);
		char *to = (char *)frame_map(mfn(c->mfn)) + offset;

		if (from) {
			memcpy(to, from, now);
			from = (const char *)from + now;
		} else {
			memset(to, 0, now);
		}
		at += now;
		bytes -= now;
	}
}

void dom0_write_p2m(const struct dom0_frames *f, const struct dom0_layout *l)
{
	for (unsigned c = 0; c < f->chunk_count; c++) {
		const struct dom0_chunk *chunk = &f->chunk[c];
		u64 *list = NULL;

		for (u64 i = 0; i < chunk->count; i++) {
			u64 pfn = chunk->pfn + i;

			if (!list || pfn % PER_PAGE == 0)
				list = frame_map(
					mfn(dom0_frame_of(f, l->p2m_pfn + pfn / PER_PAGE)));
			list[pfn % PER_PAGE] = chunk->mfn + i;
			m2p_set(mfn(chunk->mfn + i), pfn);
		}
	}
}

/* ---- page tables ---- */

struct tables {
	const struct dom0_frames *f;
	u64 next_pfn, end_pfn; /* frames for tables */
};

static u64 table_new(struct tables *t)
{
	u64 frame;

	BUG_ON(t->next_pfn == t->end_pfn);
	frame = dom0_frame_of(t->f, t->next_pfn++);
	page_clear(frame_map(mfn(frame)));
	return frame;
}

/* The L1 that maps va, made with what is above it when it is not there. */
static u64 *table_l1(struct tables *t, u64 *l4, u64 va)
{
	u64 *table = l4;

	for (unsigned shift = 39; shift > 12; shift -= 9) {
		u64 *entry = &table[va >> shift & (PER_PAGE - 1)];

		if (!*entry)
			*entry = table_new(t) << PAGE_SHIFT | TABLE_BITS;
		table = frame_map(mfn((*entry & ~0xffful) >> PAGE_SHIFT));
	}
	return table;
}

static void map_range(struct tables *t, u64 *l4, u64 va, u64 pfn, u64 count)
{
	u64 *l1 = NULL;

	for (u64 i = 0; i < count; i++, va += PAGE_SIZE) {
		u64 index = va >> PAGE_SHIFT & (PER_PAGE - 1);

		if (!l1 || !index)
			l1 = table_l1(t, l4, va);
		l1[index] = dom0_frame_of(t->f, pfn + i) << PAGE_SHIFT | TABLE_BITS;
	}
}

/* Page tables are mapped read-only from the start: that is what lets them be page tables. */
static void protect_tables(struct tables *t, u64 *l4, const struct dom0_layout *l)
{
	for (u64 i = 0; i < l->table_count; i++) {
		u64 va = l->tables_va + i * PAGE_SIZE;

		table_l1(t, l4, va)[va >> PAGE_SHIFT & (PER_PAGE - 1)] &= ~WRITABLE;
	}
}

u64 dom0_write_tables(const struct dom0_frames *f, const struct dom0_layout *l)
{
	u64 first = (l->tables_va - l->v_start) >> PAGE_SHIFT;
	struct tables t = { .f = f, .next_pfn = first, .end_pfn = first + l->table_count };
	struct tables p2m = { .f = f, .next_pfn = l->p2m_pfn + l->p2m_frames };
	u64 top = table_new(&t);
	u64 *l4 = frame_map(mfn(top));

	map_range(&t, l4, l->v_start, 0, (l->v_end - l->v_start) >> PAGE_SHIFT);
	protect_tables(&t, l4, l);
	/*
	 * spare ones, when the last growth of the region needed fewer: they belong to no one, but
	 * must hold nothing
	 */
	while (t.next_pfn < t.end_pfn)
		(void)table_new(&t);
	p2m.end_pfn = p2m.next_pfn + l->p2m_tables;
	if (l->p2m_tables)
		map_range(&p2m, l4, l->p2m_va, l->p2m_pfn, l->p2m_frames);
	return top;
}
