/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's small objects. A page is cut into objects of one size class; what is free in it
 * is linked through the objects themselves, and the page's state (class, first free object, number
 * in use) is in its struct page: no header in the page, no header at an object. An empty page goes
 * back to the frame allocator at once, except the last of its class. Objects larger than half a
 * page are whole pages, the unused ones of the power of two given back. Lock: heap_lock. Invariant:
 * every page on partial[c] has a free object and class c.
 */
#include "core/frame.h"
#include "lib/check.h"
#include "lib/lock.h"
#include "lib/string.h"

static const u16 class_size[] = { 16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 336, 448, 576, 672,
	816, 1008, 1360, 2048 };

#define CLASSES	   ARRAY_SIZE(class_size)
#define OBJECT_MAX 2048

/* In page->type of a slab page; page->order is the class. */
union slab {
	u64 word;
	struct {
		u16 free;  /* first free object, as offset / 16 + 1; 0: none */
		u16 fresh; /* objects from this offset / 16 on were never used; >= 256: none */
		u16 in_use;
	};
};

static spinlock_t heap_lock;
static u32 partial[CLASSES]; /* frame number + 1 of the first page with room; 0 none */

static unsigned class_of(size_t bytes)
{
	unsigned low = 0, high = CLASSES - 1;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (class_size[mid] < bytes)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool slab_full(const union slab *s, unsigned class)
{
	return s->free == 0 && s->fresh * 16u + class_size[class] > PAGE_SIZE;
}

static void partial_link(struct page *p, unsigned class)
{
	u32 frame = (u32)page_frame(p).n;

	p->prev = FRAME_NIL;
	p->next = partial[class] ? partial[class] - 1 : FRAME_NIL;
	if (p->next != FRAME_NIL)
		frame_table[p->next].prev = frame;
	partial[class] = frame + 1;
}

static void partial_unlink(struct page *p, unsigned class)
{
	if (p->prev == FRAME_NIL)
		partial[class] = p->next == FRAME_NIL ? 0 : p->next + 1;
	else
		frame_table[p->prev].next = p->next;
	if (p->next != FRAME_NIL)
		frame_table[p->next].prev = p->prev;
	p->next = p->prev = FRAME_NIL;
}

static struct page *slab_new(unsigned class)
{
	struct page *p = frame_alloc(0, 0);

	if (!p)
		return NULL;
	p->flags |= PAGEF_SLAB;
	p->order = (u8) class;
	p->type = 0;
	partial_link(p, class);
	return p;
}

static void *object_alloc(size_t bytes)
{
	unsigned class = class_of(bytes);
	struct page *p;
	union slab s;
	u8 *object = NULL;

	spin_lock(&heap_lock);
	p = partial[class] ? frame_table + partial[class] - 1 : slab_new(class);
	if (p) {
		s.word = p->type;
		if (s.free) {
			object = (u8 *)page_map(p) + (s.free - 1) * 16u;
			s.free = *(u16 *)object;
		} else {
			object = (u8 *)page_map(p) + s.fresh * 16u;
			s.fresh = (u16)(s.fresh + class_size[class] / 16u);
		}
		s.in_use++;
		p->type = s.word;
		if (slab_full(&s, class))
			partial_unlink(p, class);
	}
	spin_unlock(&heap_lock);
	if (object)
		memset(object, 0, class_size[class]);
	return object;
}

static void object_free(struct page *p, void *object)
{
	unsigned class = p->order, offset = (unsigned)((uintptr_t)object & (PAGE_SIZE - 1));
	union slab s;
	bool was_full;

	BUG_ON(class >= CLASSES || offset % class_size[class]);
	spin_lock(&heap_lock);
	s.word = p->type;
	BUG_ON(s.in_use == 0 || offset >= s.fresh * 16u);
	was_full = slab_full(&s, class);
	*(u16 *)object = s.free;
	s.free = (u16)(offset / 16 + 1);
	s.in_use--;
	p->type = s.word;
	if (was_full)
		partial_link(p, class);
	if (s.in_use == 0 && (p->next != FRAME_NIL || p->prev != FRAME_NIL)) {
		partial_unlink(p, class);
		p->type = 0;
		p->flags &= (u8)~PAGEF_SLAB;
		frame_free(p, 0);
	}
	spin_unlock(&heap_lock);
}

static void *block_alloc(size_t bytes)
{
	u64 pages = round_up(bytes, PAGE_SIZE) / PAGE_SIZE;
	unsigned order = pages > 1 ? 64 - (unsigned)__builtin_clzll(pages - 1) : 0;
	struct page *p = frame_alloc(order, 0);

	if (!p)
		return NULL;
	for (u64 i = pages; i < 1ull << order; i++)
		frame_free(p + i, 0);
	p->flags |= PAGEF_BLOCK;
	p->type = pages;
	return page_map(p);
}

static void block_free(struct page *p)
{
	u64 pages = p->type;

	p->flags &= (u8)~PAGEF_BLOCK;
	p->type = 0;
	for (u64 i = 0; i < pages; i++)
		frame_free(p + i, 0);
}

void *heap_alloc(size_t bytes)
{
	if (bytes > 1ul << 40)
		return NULL;
	return bytes <= OBJECT_MAX ? object_alloc(bytes) : block_alloc(bytes);
}

void heap_free(void *object)
{
	struct page *p;

	if (!object)
		return;
	p = page_of(frame_of(object));
	if (p->flags & PAGEF_SLAB) {
		object_free(p, object);
	} else {
		BUG_ON(!(p->flags & PAGEF_BLOCK) || (uintptr_t)object % PAGE_SIZE);
		block_free(p);
	}
}

char *heap_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = heap_alloc(n);

	if (copy)
		memcpy(copy, s, n);
	return copy;
}
