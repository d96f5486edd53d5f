/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot-time memory map. Invariant: boot->ranges is sorted without overlaps after
 * memmap_normalise; `held` is a short unsorted list of ranges that are not free although they are
 * RAM. One CPU, no locks.
 */
#include "x86/memmap.h"
#include "lib/check.h"
#include "lib/string.h"
#include "x86/machine.h"

#define BOOT_LIMIT (4ul << 30) /* what the boot page tables map */
#define MAX_HELD   64

static struct boot_info *map;
static struct {
	u64 start, end;
} held[MAX_HELD];
static unsigned held_count;
static u64 pool_start, pool_end; /* what memmap_alloc takes pages from, downwards */
static unsigned pool_held;	 /* index in held of what it took */

static u64 range_end(const struct boot_range *r)
{
	return r->start + r->bytes;
}

static void insert_sorted(struct boot_range *to, unsigned *count, struct boot_range r)
{
	unsigned i = *count;

	if (!r.bytes)
		return;
	if (i && range_end(&to[i - 1]) == r.start && to[i - 1].type == r.type) {
		to[i - 1].bytes += r.bytes;
		return;
	}
	if (i < BOOT_MAX_RANGES) {
		to[i] = r;
		*count = i + 1;
	}
}

/* The type that holds from `at` on and where the next change may be; 0 for a hole. */
static u32 type_at(const struct boot_range *r, unsigned count, u64 at, u64 *next)
{
	u32 type = 0;

	*next = ~0ull;
	for (unsigned i = 0; i < count; i++) {
		if (at >= r[i].start && at < range_end(&r[i])) {
			type = max(type, r[i].type);
			*next = min(*next, range_end(&r[i]));
		} else if (r[i].start > at) {
			*next = min(*next, r[i].start);
		}
	}
	return type;
}

void memmap_normalise(struct boot_info *boot)
{
	static struct boot_range in[BOOT_MAX_RANGES];
	unsigned count = boot->range_count, n = 0;
	u64 at = 0, next;

	memcpy(in, boot->ranges, sizeof(in));
	while (at != ~0ull) {
		u32 type = type_at(in, count, at, &next);

		if (type)
			insert_sorted(boot->ranges, &n, (struct boot_range){ at, next - at, type });
		at = next;
	}
	boot->range_count = n;
}

void memmap_reserve(u64 start, u64 bytes)
{
	if (held_count == MAX_HELD)
		panic("more than %u reserved ranges", MAX_HELD);
	held[held_count].start = start & PAGE_MASK;
	held[held_count++].end = round_up(start + bytes, PAGE_SIZE);
}

/* The first address at or after `at` (frames) that nobody holds, and the end of the free stretch,
 * within [at, end). */
static u64 skip_held(u64 at, u64 end, u64 *stop)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned i = 0; i < held_count; i++) {
			if (at >= held[i].start && at < held[i].end) {
				at = held[i].end;
				again = true;
			}
		}
	}
	*stop = end;
	for (unsigned i = 0; i < held_count; i++)
		if (held[i].start >= at && held[i].start < *stop)
			*stop = held[i].start;
	return at;
}

u64 memmap_next_free(u64 *frame)
{
	u64 from = max(*frame << PAGE_SHIFT, LOW_MEMORY);

	for (unsigned i = 0; i < map->range_count; i++) {
		const struct boot_range *r = &map->ranges[i];
		u64 start = round_up(max(r->start, from), PAGE_SIZE),
		    end = range_end(r) & PAGE_MASK, stop;

		if (r->type != RANGE_RAM || start >= end)
			continue;
		start = skip_held(start, end, &stop);
		if (start >= end)
			continue;
		*frame = start >> PAGE_SHIFT;
		return (stop - start) >> PAGE_SHIFT;
	}
	return 0;
}

u64 memmap_top(void)
{
	u64 top = 0;

	for (unsigned i = 0; i < map->range_count; i++)
		if (map->ranges[i].type == RANGE_RAM)
			top = max(top, range_end(&map->ranges[i]));
	return top;
}

u64 memmap_low_page(void)
{
	/* Not page 0 (real mode's vectors), nor what is close to the EBDA. */
	for (u64 pa = 0x9e000; pa >= PAGE_SIZE; pa -= PAGE_SIZE) {
		u64 next, stop;

		if (type_at(map->ranges, map->range_count, pa, &next) == RANGE_RAM &&
			next >= pa + PAGE_SIZE && skip_held(pa, pa + PAGE_SIZE, &stop) == pa &&
			stop == pa + PAGE_SIZE)
			return pa;
	}
	return 0;
}

/* The pool is the end of the largest free stretch below 4 GiB, held while we allocate from it. */
static void choose_pool(void)
{
	u64 frame = 0, count, best = 0;

	while ((count = memmap_next_free(&frame)) != 0) {
		u64 start = frame << PAGE_SHIFT,
		    end = min((frame + count) << PAGE_SHIFT, BOOT_LIMIT);

		if (start < end && end - start > best) {
			best = end - start;
			pool_start = start;
			pool_end = end;
		}
		frame += count;
	}
	if (!best)
		panic("no free memory below 4 GiB");
}

void memmap_init(struct boot_info *boot)
{
	map = boot;
	memmap_normalise(boot);
	for (unsigned i = 0; i < boot->module_count; i++)
		memmap_reserve(boot->modules[i].start, boot->modules[i].bytes);
	choose_pool();
	pool_held = held_count;
	memmap_reserve(pool_end, 0); /* grows downwards as pages are taken */
}

u64 memmap_alloc(u64 bytes)
{
	bytes = round_up(bytes, PAGE_SIZE);
	if (pool_end - pool_start < bytes)
		panic("no %lu KiB of memory below 4 GiB at boot", (unsigned long)bytes >> 10);
	pool_end -= bytes;
	held[pool_held].start = pool_end;
	memset((void *)(DIRECTMAP_START + pool_end), 0, bytes);
	return pool_end;
}
