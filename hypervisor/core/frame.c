/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free frames: a buddy allocator whose blocks are linked by frame number through the frame table,
 * so it has no memory of its own. Two zones, below 4 GiB and above; requests that do not care take
 * from above first. Lock: frame_lock. Invariants: a block of order o starts at a multiple of 2^o
 * and lies within one zone; only its first frame has PAGEF_FREE; a block and its buddy are never
 * both free; every free frame has ref 0, type 0, owner DOMID_NOBODY. Content: a free frame without
 * PAGEF_DIRTY is all zero. RAM fresh from boot is dirty, and so is what guests had: it is scrubbed
 * when it is given out again, as clearing all of a large domain at its end would keep the control
 * domain's CPU in one hypercall for seconds. What guests had is scrubbed earlier if a CPU is idle.
 */
#include "core/domain.h"
#include "core/page.h"
#include "lib/check.h"
#include "lib/lock.h"
#include "lib/string.h"

#define MAX_ORDER    18		  /* 1 GiB */
#define LOW_LIMIT    (1ull << 20) /* first frame that is not FRAME_LOW */
#define CHUNK_FRAMES (1ull << CHUNK_SHIFT)
#define BOOT_RANGES  512

enum { ZONE_HIGH, ZONE_LOW, ZONES };

struct boot_ram {
	u64 start, end; /* frames */
	bool free;
};

static spinlock_t frame_lock;
static u32 free_list[ZONES][MAX_ORDER + 1]; /* first block, FRAME_NIL ends */
static u64 free_orders[ZONES];		    /* bit o: the list of order o is not empty */
static u64 total_frames, free_frames, free_low_frames, claimed_frames;
static u64 left_frames;	 /* atomic: free or just taken, with what guests left in them */
static u64 scrub_next;	 /* where frames_scrub looks next */
static u64 scrub_looked; /* at so many in a row it found none: those left were just taken */

static boot_data struct boot_ram boot_ram[BOOT_RANGES];
static boot_data unsigned boot_ram_count;
static bool open_for_use;
struct frame_bounds frame_bounds;

static struct page *nth(u64 frame)
{
	return frame_table + frame;
}

static unsigned zone_of(u64 frame)
{
	return frame < LOW_LIMIT ? ZONE_LOW : ZONE_HIGH;
}

u64 frame_limit(void)
{
	return frame_bounds.limit;
}

/* ---- blocks; frame_lock held ---- */

static void block_link(u64 frame, unsigned order)
{
	u32 *head = &free_list[zone_of(frame)][order];
	struct page *p = nth(frame);

	p->order = (u8)order;
	p->flags = (u8)((p->flags & (PAGEF_STAMPED | PAGEF_DIRTY)) | PAGEF_FREE);
	p->prev = FRAME_NIL;
	p->next = *head;
	if (*head != FRAME_NIL)
		nth(*head)->prev = (u32)frame;
	*head = (u32)frame;
	free_orders[zone_of(frame)] |= BIT(order);
}

static void block_unlink(u64 frame)
{
	struct page *p = nth(frame);
	u32 *head = &free_list[zone_of(frame)][p->order];

	if (p->prev == FRAME_NIL)
		*head = p->next;
	else
		nth(p->prev)->next = p->next;
	if (p->next != FRAME_NIL)
		nth(p->next)->prev = p->prev;
	if (*head == FRAME_NIL)
		free_orders[zone_of(frame)] &= ~BIT(p->order);
	p->flags &= (u8)~PAGEF_FREE;
	p->next = p->prev = FRAME_NIL;
}

static bool block_is_free(u64 frame, unsigned order)
{
	const struct page *p;

	if (frame >= frame_bounds.limit ||
		!test_bit(frame_bounds.chunk_present, frame >> CHUNK_SHIFT))
		return false;
	p = nth(frame);
	return (p->flags & PAGEF_FREE) && p->order == order;
}

static void block_free(u64 frame, unsigned order)
{
	u64 n = 1ull << order;

	free_frames += n;
	if (zone_of(frame) == ZONE_LOW)
		free_low_frames += n;
	for (; order < MAX_ORDER; order++) {
		u64 buddy = frame ^ (1ull << order);

		if (!block_is_free(buddy, order))
			break;
		block_unlink(buddy);
		frame = min(frame, buddy);
	}
	block_link(frame, order);
}

/* Take a block from a zone; the frame's number or FRAME_NIL. */
static u64 block_take(unsigned zone, unsigned order)
{
	u64 fitting = free_orders[zone] & ~(BIT(order) - 1);
	unsigned have;
	u64 frame;

	if (!fitting)
		return FRAME_NIL;
	have = (unsigned)__builtin_ctzll(fitting);
	frame = free_list[zone][have];
	block_unlink(frame);
	while (have > order) { /* keep the lower half, link the upper */
		have--;
		block_link(frame + (1ull << have), have);
	}
	free_frames -= 1ull << order;
	if (zone == ZONE_LOW)
		free_low_frames -= 1ull << order;
	return frame;
}

static bool left_by_guest(const struct page *p)
{
	return (p->flags & (PAGEF_STAMPED | PAGEF_DIRTY)) == (PAGEF_STAMPED | PAGEF_DIRTY);
}

/* Translations that the last users may have left on some CPU must go before anybody else uses the
 * frames, and their content too. */
static void block_forget(struct page *p, unsigned order, bool scrub)
{
	bool any = false;
	u32 stamp = 0;
	u64 left = 0;

	for (u64 i = 0; i < 1ull << order; i++) {
		if (!(p[i].flags & PAGEF_STAMPED))
			continue;
		if (!any || (s32)(p[i].tlb_stamp - stamp) > 0)
			stamp = p[i].tlb_stamp;
		any = true;
	}
	if (any)
		tlb_flush_since(&cpu_online_map, stamp);
	for (u64 i = 0; i < 1ull << order; i++) {
		if (scrub && (p[i].flags & PAGEF_DIRTY))
			page_clear(page_map(p + i));
		left += left_by_guest(p + i);
		p[i].flags &= (u8) ~(PAGEF_STAMPED | PAGEF_DIRTY);
	}
	if (left)
		(void)atomic_sub(&left_frames, left);
}

/*
 * Take 2^order frames. `claim` is the domain whose claim this may use, or NULL: frames that others
 * claimed stay. The frames come back with ref 0, so nobody can take a reference before the caller
 * sets one.
 */
static struct page *frames_take(unsigned order, unsigned flags, struct domain *claim)
{
	u64 n = 1ull << order, kept, frame = FRAME_NIL;
	struct page *p;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock(&frame_lock);
	kept = claimed_frames - (claim ? claim->outstanding_pages : 0);
	if (free_frames >= kept + n) {
		if (!(flags & FRAME_LOW))
			frame = block_take(ZONE_HIGH, order);
		if (frame == FRAME_NIL)
			frame = block_take(ZONE_LOW, order);
	}
	if (frame != FRAME_NIL && claim) {
		u64 used = min(n, claim->outstanding_pages);

		claim->outstanding_pages -= used;
		claimed_frames -= used;
	}
	spin_unlock(&frame_lock);
	if (frame == FRAME_NIL)
		return NULL;
	p = nth(frame);
	block_forget(p, order, !(flags & FRAME_NO_SCRUB));
	return p;
}

/*
 * The frames become free. `used`: by guests until now. Content that a guest may still change, by a
 * translation that some CPU kept, stays until that is flushed, when somebody gets the frame; ours
 * is cleared now. A frame from page_steal is such a guest's too.
 */
static void frames_give(struct page *p, unsigned order, bool used)
{
	u32 stamp = used ? tlb_stamp_now() : 0;
	u64 left = 0;

	for (u64 i = 0; i < 1ull << order; i++) {
		bool stamped = used || (p[i].flags & PAGEF_STAMPED);

		BUG_ON(p[i].flags & PAGEF_FREE);
		if (!stamped)
			page_clear(page_map(p + i));
		left += stamped;
		p[i].type = 0;
		p[i].owner = DOMID_NOBODY;
		p[i].flags = stamped ? PAGEF_STAMPED | PAGEF_DIRTY : 0;
		if (used)
			p[i].tlb_stamp = stamp;
		p[i].next = p[i].prev = FRAME_NIL;
		atomic_store_release(&p[i].ref, 0);
	}
	spin_lock(&frame_lock);
	block_free(page_frame(p).n, order);
	if (left) {
		scrub_looked = 0;
		if (atomic_add(&left_frames, left) == left)
			scrub_next = page_frame(p).n;
	}
	spin_unlock(&frame_lock);
}

/* ---- scrubbing while a CPU is idle ---- */

#define SCRUB_LOOK  64	/* frames looked at in one piece */
#define SCRUB_LEAST 256 /* left frames to begin with: each beginning may flush other CPUs' TLBs */

static bool in_free_block(u64 frame)
{
	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		const struct page *head = nth(frame & ~((1ull << order) - 1));

		if (head->flags & PAGEF_FREE)
			return head->order >= order;
	}
	return false;
}

bool frames_scrub(void)
{
	static bool begun;
	bool cleared = false, again;
	u64 left = atomic_read(&left_frames);

	if (left < (begun ? 1 : SCRUB_LEAST)) {
		begun = false;
		return false;
	}
	begun = true;
	if (!spin_trylock(&frame_lock)) /* somebody works on them, and scrubs when idle next */
		return false;
	for (unsigned i = 0; i < SCRUB_LOOK && !cleared; i++, scrub_next++) {
		struct page *p;

		if (scrub_next >= frame_bounds.limit)
			scrub_next = 0;
		if (!test_bit(frame_bounds.chunk_present, scrub_next >> CHUNK_SHIFT)) {
			scrub_next |= CHUNK_FRAMES - 1;
			continue;
		}
		p = nth(scrub_next);
		if (!left_by_guest(p) || !in_free_block(scrub_next))
			continue;
		tlb_flush_since(&cpu_online_map, p->tlb_stamp);
		page_clear(page_map(p));
		p->flags &= (u8) ~(PAGEF_STAMPED | PAGEF_DIRTY);
		(void)atomic_sub(&left_frames, 1ull);
		cleared = true;
	}
	scrub_looked = cleared ? 0 : scrub_looked + SCRUB_LOOK;
	again = scrub_looked < frame_bounds.limit;
	spin_unlock(&frame_lock);
	return again;
}

/* ---- unowned and heap frames ---- */

struct page *frame_alloc_for(struct domain *d, unsigned order, unsigned flags)
{
	return frames_take(order, flags, d);
}

void frame_free_one(struct page *p)
{
	frames_give(p, 0, true);
}

struct page *frame_alloc(unsigned order, unsigned flags)
{
	struct page *p = frames_take(order, flags, NULL);

	if (p)
		for (u64 i = 0; i < 1ull << order; i++)
			atomic_store_release(&p[i].ref, PAGE_HEAP | 1);
	return p;
}

void frame_free(struct page *p, unsigned order)
{
	for (u64 i = 0; i < 1ull << order; i++)
		BUG_ON(READ_ONCE(p[i].ref) != (PAGE_HEAP | 1) || p[i].owner != DOMID_NOBODY);
	frames_give(p, order, false);
}

void *heap_pages(unsigned order, unsigned flags)
{
	struct page *p = frame_alloc(order, flags);

	return p ? page_map(p) : NULL;
}

void heap_pages_free(void *p, unsigned order)
{
	if (p)
		frame_free(page_of(frame_of(p)), order);
}

/* ---- totals and claims ---- */

u64 frames_total(void)
{
	return total_frames;
}

u64 frames_free(void)
{
	return READ_ONCE(free_frames);
}

u64 frames_claimed(void)
{
	return READ_ONCE(claimed_frames);
}

int domain_claim_pages(struct domain *d, u64 pages)
{
	int rc = 0;
	u64 more;

	spin_lock(&d->page_lock);
	spin_lock(&frame_lock);
	more = pages - d->tot_pages;
	if (pages == 0) {
		claimed_frames -= d->outstanding_pages;
		d->outstanding_pages = 0;
	} else if (d->outstanding_pages || pages < d->tot_pages || pages > d->max_pages ||
		   d->dying) {
		rc = fail(EINVAL);
	} else if (free_frames - claimed_frames < more) {
		rc = fail(ENOMEM);
	} else {
		d->outstanding_pages = more;
		claimed_frames += more;
	}
	spin_unlock(&frame_lock);
	spin_unlock(&d->page_lock);
	return rc;
}

/* ---- boot ---- */

boot_only static void boot_ram_add(u64 start, u64 end, bool free)
{
	if (start >= end)
		return;
	if (boot_ram_count == BOOT_RANGES)
		panic("memory map has more than %u ranges", BOOT_RANGES);
	boot_ram[boot_ram_count++] = (struct boot_ram){ start, end, free };
}

/* Free frames [start, end) in the largest aligned blocks. */
static void range_free(u64 start, u64 end)
{
	spin_lock(&frame_lock);
	while (start < end) {
		unsigned order = start ? (unsigned)__builtin_ctzll(start) : MAX_ORDER;

		order = min(order, (unsigned)MAX_ORDER);
		while (start + (1ull << order) > end)
			order--;
		block_free(start, order);
		start += 1ull << order;
	}
	spin_unlock(&frame_lock);
}

boot_only void frame_reserve(u64 start, u64 count)
{
	BUG_ON(open_for_use);
	boot_ram_add(start, start + count, false);
}

void frame_add(u64 start, u64 count)
{
	if (!open_for_use) {
		boot_ram_add(start, start + count, true);
		return;
	}
	for (u64 f = start; f < start + count; f++) {
		BUG_ON(f >= frame_bounds.limit || nth(f)->ref != (PAGE_HEAP | 1));
		nth(f)->ref = 0;
		nth(f)->flags |= PAGEF_DIRTY;
	}
	range_free(start, start + count);
}

boot_only u64 frame_boot_alloc(u64 count, u64 align)
{
	BUG_ON(open_for_use);
	/* from the top: low frames are what devices and the control domain want */
	for (unsigned i = boot_ram_count; i-- > 0;) {
		struct boot_ram *r = &boot_ram[i];
		u64 start;

		if (!r->free || r->end - r->start < count)
			continue;
		start = (r->end - count) / align * align;
		if (start < r->start)
			continue;
		boot_ram_add(start, start + count, false);
		boot_ram_add(start + count, r->end, true);
		r->end = start;
		return start;
	}
	panic("no %lu free frames at boot", count);
}

boot_only static void chunk_map(u64 chunk)
{
	u64 frames = CHUNK_FRAMES * sizeof(struct page) / PAGE_SIZE;

	if (chunk >= MAX_CHUNKS || test_bit(frame_bounds.chunk_present, chunk))
		return;
	machine_map((u64)nth(chunk << CHUNK_SHIFT), mfn(frame_boot_alloc(frames, frames)), frames,
		MAP_WRITE);
	set_bit(frame_bounds.chunk_present, chunk);
}

boot_only static void pages_fill(u64 start, u64 end, u64 ref)
{
	const struct page fresh = {
		.ref = ref,
		.next = FRAME_NIL,
		.prev = FRAME_NIL,
		.owner = DOMID_NOBODY,
		.flags = ref ? 0 : PAGEF_DIRTY,
	};

	for (u64 f = start; f < end; f++)
		*nth(f) = fresh;
}

/* What of [start, end) the direct map reaches. */
boot_only static u64 clip(u64 end)
{
	return min(end, DIRECTMAP_SIZE >> PAGE_SHIFT);
}

boot_only void frames_init(void)
{
	memset(free_list, 0xff, sizeof(free_list));
	/* chunk_map steals frames and so adds ranges; they lie in ranges that the loop visits or
	 * visited */
	for (unsigned i = 0; i < boot_ram_count; i++) {
		u64 end = clip(boot_ram[i].end);

		frame_bounds.limit = max(frame_bounds.limit, end);
		for (u64 f = boot_ram[i].start; f < end; f = (f | (CHUNK_FRAMES - 1)) + 1)
			chunk_map(f >> CHUNK_SHIFT);
	}
	for (u64 f = 0; f < frame_bounds.limit; f += CHUNK_FRAMES)
		if (test_bit(frame_bounds.chunk_present, f >> CHUNK_SHIFT))
			pages_fill(f, f + CHUNK_FRAMES, PAGE_BROKEN);
	for (unsigned i = 0; i < boot_ram_count; i++) {
		u64 end = clip(boot_ram[i].end);

		if (boot_ram[i].start >= end)
			continue;
		pages_fill(boot_ram[i].start, end, boot_ram[i].free ? 0 : PAGE_HEAP | 1);
		total_frames += end - boot_ram[i].start;
	}
	for (unsigned i = 0; i < boot_ram_count; i++)
		if (boot_ram[i].free)
			range_free(boot_ram[i].start, clip(boot_ram[i].end));
	open_for_use = true;
}
