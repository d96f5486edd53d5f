/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM at boot: which ranges there are, which of them somebody holds (image, modules, what was
 * allocated), and an allocator of pages that are never given back. Once the rest is handed to
 * core's frame allocator (memmap_next_free) memmap_alloc must not be called any more.
 */
#ifndef X86_MEMMAP_H
#define X86_MEMMAP_H

#include "x86/boot_info.h"

#define RANGE_RAM  1
#define LOW_MEMORY 0x100000ul /* no frame below is managed */

/* Sort the map by address and cut overlaps: where ranges disagree the higher type number (less
 * usable) wins. */
void memmap_normalise(struct boot_info *boot);
void memmap_init(struct boot_info *boot);
/* Keep a range of physical memory from being free. */
void memmap_reserve(u64 start, u64 bytes);
/* bytes (whole pages) of zeroed RAM below 4 GiB; panics when there is none. Returns the physical
 * address. */
u64 memmap_alloc(u64 bytes);
/* A page below 1 MiB for the start of secondary CPUs, or 0. */
u64 memmap_low_page(void);
/*
 * The next free range of whole frames at or after *frame: its length, *frame moved to its start; 0
 * at the end. Frames below 1 MiB are never free: firmware and the control domain's drivers look
 * there.
 */
u64 memmap_next_free(u64 *frame);
u64 memmap_top(void); /* end of the highest RAM range, in bytes */

#endif
