/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-of-day layout (<xen/xen.h> startofday): image, initrd, frame list, start info, page tables,
 * stack, in this order, one after the other from the virtual base; the end is aligned to 4 MiB with
 * at least 512 KiB behind the stack. A kernel that names a place for the frame list gets it there,
 * out of frames behind that region, and so does an initrd that need not be mapped. Arithmetic only:
 * no memory is touched.
 */
#include "pv/dom0.h"

#define PAGE_UP(x) round_up((x), PAGE_SIZE)
#define END_ALIGN  (4ul << 20)
#define END_PAD	   (512ul << 10)
#define REGION_MAX \
	(1ul << 30) /* what kernels map there; the end may go one alignment step or two beyond */

/* Entries of 2^shift bytes that [start, end) touches. */
static u64 covered(u64 start, u64 end, unsigned shift)
{
	return ((end - 1) >> shift) - (start >> shift) + 1;
}

u64 dom0_tables_for(u64 start, u64 end)
{
	return covered(start, end, 21) + covered(start, end, 30) + covered(start, end, 39);
}

/* The region's end for this many page tables. */
static u64 end_with(const struct dom0_layout *l, u64 tables)
{
	u64 used = l->tables_va + (tables + 1) * PAGE_SIZE - l->v_start; /* and the stack */
	u64 size = round_up(used, END_ALIGN);

	if (size - used < END_PAD)
		size += END_ALIGN;
	return l->v_start + size;
}

/*
 * More tables make the region larger, which may need more tables: the least number that is enough.
 */
static void place_tables(struct dom0_layout *l)
{
	l->table_count = 4;
	while (l->table_count < 1 + dom0_tables_for(l->v_start, end_with(l, l->table_count)))
		l->table_count++;
	l->stack_va = l->tables_va + l->table_count * PAGE_SIZE;
	l->v_end = end_with(l, l->table_count);
}

/* The region's frames, 0 when it would be too large. */
static u64 place_region(struct dom0_layout *l, const struct kernel_image *k, u64 total_frames)
{
	u64 at = PAGE_UP(k->end), list_bytes = PAGE_UP(total_frames * sizeof(u64));

	l->v_start = k->virt_base;
	l->initrd_va = 0;
	if (l->initrd_frames && !k->mod_start_pfn) {
		l->initrd_va = at;
		l->initrd_pfn = (at - l->v_start) / PAGE_SIZE;
		at += l->initrd_frames * PAGE_SIZE;
	}
	l->p2m_va = k->p2m_base;
	l->p2m_frames = list_bytes / PAGE_SIZE;
	if (!k->p2m_base) {
		l->p2m_va = at;
		l->p2m_pfn = (at - l->v_start) / PAGE_SIZE;
		at += list_bytes;
	}
	l->start_info_va = at;
	l->tables_va = at + PAGE_SIZE;
	if (l->tables_va - l->v_start > REGION_MAX)
		return 0;
	place_tables(l);
	return (l->v_end - l->v_start) / PAGE_SIZE;
}

int dom0_layout_make(
	struct dom0_layout *l, const struct kernel_image *k, u64 initrd_bytes, u64 total_frames)
{
	u64 frames;

	*l = (struct dom0_layout){ .total_frames = total_frames };
	if (initrd_bytes > 1ull << 40 || total_frames > 1ull << 40)
		return -EINVAL;
	if (k->virt_base > ~0ull - REGION_MAX - 4 * END_ALIGN)
		return -EINVAL;
	l->initrd_frames = PAGE_UP(initrd_bytes) / PAGE_SIZE;
	frames = place_region(l, k, total_frames);
	if (!frames || l->v_end - l->v_start > REGION_MAX)
		return -EINVAL;
	if (l->initrd_frames && k->mod_start_pfn) {
		l->initrd_pfn = frames;
		frames += l->initrd_frames;
	}
	if (k->p2m_base) {
		l->p2m_pfn = frames;
		l->p2m_tables =
			dom0_tables_for(k->p2m_base, k->p2m_base + l->p2m_frames * PAGE_SIZE);
		frames += l->p2m_frames + l->p2m_tables;
	}
	return frames <= total_frames ? 0 : -E2BIG;
}
