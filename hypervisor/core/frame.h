/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine frames: one struct page for each, references, owners, and the buddy allocator of free
 * frames.
 *
 * `ref` is PAGE_* flags and a count. A frame with count 0 is free. page_get is the only way to hold
 * somebody's frame; the last page_put frees it: takes it off its owner's list, gives it
 * back. `type` belongs to pv/pagetype.c (0: no type); it must be 0 when a frame is freed. Locks:
 * frame_lock (allocator), d->page_lock (a domain's list and totals).
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "lib/alloc.h"
#include "lib/atomic.h"
#include "x86/machine.h"

struct domain;

#define DOMID_NOBODY 0xffff /* owner of free frames and of the hypervisor's own */
#define FRAME_NIL    0xffffffffu

struct page {
	u64 type;	/* pv/pagetype.c */
	u64 ref;	/* PAGE_* | count */
	u32 next, prev; /* frame numbers: the owner's list, or a free list */
	u16 owner;	/* domid */
	u8 order;	/* of a free block's first frame */
	u8 flags;
	u32 tlb_stamp; /* tlb_stamp_now() when a use ended that left translations behind */
};
_Static_assert(sizeof(struct page) == 32, "frame table entry");

#define PAGE_HEAP \
	(1ull << 63) /* hypervisor memory; when it has an owner it is shared with that domain */
#define PAGE_ALLOCATED                                                                           \
	(1ull << 62)		 /* the owner's own reference: dropped once, by whoever frees it \
				    (page_release) */
#define PAGE_BROKEN (1ull << 61) /* not RAM, or bad: never handed out */
#define PAGE_COUNT  ((1ull << 32) - 1)

/* page->flags, the allocator's: */
#define PAGEF_FREE    1	 /* first frame of a free block; order says how large */
#define PAGEF_DIRTY   2	 /* of a free frame: its content is not zero */
#define PAGEF_STAMPED 4	 /* tlb_stamp holds */
#define PAGEF_SLAB    16 /* heap page cut into objects; type and order are core/heap.c's */
#define PAGEF_BLOCK   32 /* first page of a large heap object; type is its number of pages */
#define PAGEF_HELD    64 /* on its dying owner's list of frames that others still hold */

/* The frame table is indexed by frame number; frames beyond frame_limit() have none. */
#ifndef frame_table /* the host's machine_inline.h has its own */
#define frame_table ((struct page *)FRAMETABLE_START)
#endif
u64 frame_limit(void); /* 1 + highest frame number of RAM; does not change after frames_init() */

/* Which frames have a struct page; written at boot only. */
#define CHUNK_SHIFT 16 /* frames whose struct pages are 2 MiB */
#define MAX_CHUNKS  ((DIRECTMAP_SIZE >> PAGE_SHIFT) >> CHUNK_SHIFT)
extern struct frame_bounds {
	u64 limit;
	u64 chunk_present[MAX_CHUNKS / 64];
} frame_bounds;

/* Has a struct page: RAM that we manage. */
static inline bool frame_valid(mfn_t m)
{
	u64 n = bounded(m.n, frame_bounds.limit);

	return m.n < frame_bounds.limit && test_bit(frame_bounds.chunk_present, n >> CHUNK_SHIFT) &&
	       !(READ_ONCE(frame_table[n].ref) & PAGE_BROKEN);
}

static inline struct page *page_of(mfn_t m) /* no check: frame_valid first */
{
	return frame_table + m.n;
}

static inline mfn_t page_frame(const struct page *p)
{
	return mfn((u64)(p - frame_table));
}

static inline void *page_map(const struct page *p)
{
	return frame_map(page_frame(p));
}

/* Give the allocator a range of free RAM, [start, start+count) frames: at boot, or later what
 * frame_reserve kept back. */
void frame_add(u64 start, u64 count);
/* Boot: RAM that is in use (modules, boot-only memory): the frames get a struct page and belong to
 * nobody. */
void frame_reserve(u64 start, u64 count);
/* Boot, after all ranges are known: make the frame table and open the allocator. */
void frames_init(void);
/* Steal a contiguous aligned range before any other use, e.g. for the frame table; panics when
 * there is none. */
u64 frame_boot_alloc(u64 count, u64 align);

#define FRAME_NO_SCRUB 1 /* the caller overwrites it whole */
#define FRAME_LOW      2 /* below 4 GiB */
/* 2^order frames of hypervisor memory (PAGE_HEAP), zeroed, or NULL. */
void *heap_pages(unsigned order, unsigned flags);
void heap_pages_free(void *p, unsigned order);
/* 2^order frames that nobody owns, for page_assign one by one; the same flags. NULL: no memory. */
struct page *frame_alloc(unsigned order, unsigned flags);
/* Give back frames from frame_alloc or page_steal, none of them in use. */
void frame_free(struct page *p, unsigned order);

/*
 * 2^order frames for a domain, zeroed: owner set, on its list, PAGE_ALLOCATED with one reference
 * each, tot_pages raised. NULL when memory is out or max_pages would be passed. page_release drops
 * the allocation reference (once; false if already dropped).
 */
struct page *page_alloc(struct domain *d, unsigned order, unsigned flags);
bool page_release(struct page *p);
/* Give an unowned, already allocated frame to d (as page_alloc does): memory_exchange, adoption of
 * modules. */
must_check int page_assign(struct domain *d, struct page *p);
/*
 * Take a frame away from d, which holds the only reference: off the list, untyped, unowned, as from
 * frame_alloc. EINVAL not d's, EBUSY in use; nothing changed then.
 */
must_check int page_steal(struct domain *d, struct page *p);
/*
 * Let d map one of our heap pages (shared info, grant table frames), as plain data for good: we
 * write to it, so it must never become a page table. page_unshare takes that back and gives the
 * page up: it is freed when the last guest reference is gone, not by the caller.
 */
void page_share(void *heap_page, struct domain *d);
void page_unshare(void *heap_page, struct domain *d);

/* One more reference if the frame is in use and belongs to d. */
must_check bool page_get(struct page *p, const struct domain *d);
/* The same for a frame whatever its owner (not free). */
must_check bool page_get_any(struct page *p);
void page_put(struct page *p);

/* Neither free nor full, and whole: one more reference may be taken. */
static inline bool page_may_ref(u64 ref)
{
	return ((ref + 1) & PAGE_COUNT) > 1 && !(ref & PAGE_BROKEN);
}

/*
 * page_get() by the owner's number. The owner is looked at after the count is read: a frame that is
 * taken from its owner has another word by then, so that nobody raises a count that page_steal's
 * caller takes for its own. After the count is raised it is looked at again: the frame may have
 * been freed and be somebody else's.
 */
must_check static inline bool page_get_of(struct page *p, u16 owner)
{
	u64 old = atomic_load_acquire(&p->ref);

	do {
		if (READ_ONCE(p->owner) != owner || !page_may_ref(old))
			return false;
	} while (!atomic_cmpxchg(&p->ref, &old, old + 1));
	if (likely(READ_ONCE(p->owner) == owner))
		return true;
	page_put(p);
	return false;
}

static inline bool page_owned_by(const struct page *p, u16 domid)
{
	return READ_ONCE(p->owner) == domid;
}

/* Totals in frames. */
u64 frames_total(void);
u64 frames_free(void);
/* A piece of scrubbing what guests left in free frames, at most one frame; false: there is none, or
 * another CPU has the lock. For an idle CPU, again and again while it has nothing else to do. No
 * lock held. */
bool frames_scrub(void);
u64 frames_claimed(void);
/* XENMEM_claim_pages: reserve free frames for d's later page_alloc; 0 gives them back. ENOMEM. */
must_check int domain_claim_pages(struct domain *d, u64 pages);

#endif
