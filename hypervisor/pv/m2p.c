/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine-to-phys table (PV-ABI 15; <xen/arch-x86/xen-x86_64.h> MACH2PHYS_VIRT_START): one u64
 * a frame up to frame_limit(), in pieces of 2 MiB, mapped twice: writable for us, read-only for
 * every guest. Entries change by single stores.
 */
#include "pv/m2p.h"
#include "core/frame.h"
#include "lib/check.h"
#include "lib/string.h"
#include "pv/pagetype.h"

#define PIECE_ORDER  9
#define PIECE_FRAMES (1u << PIECE_ORDER)
#define MAX_PIECES   2048 /* 1 TiB of RAM */

static u32 piece_frame[MAX_PIECES] ro_after_boot;
static unsigned pieces ro_after_boot;

/*
 * The control domain's tools map these frames as DOMID_XEN's. A type that never goes keeps every
 * mapping of a guest's read-only.
 */
static void piece_share(u64 frame)
{
	for (unsigned i = 0; i < PIECE_FRAMES; i++) {
		struct page *p = page_of(mfn(frame + i));

		p->type = (u64)PT_DESC << PTW_TYPE_SHIFT | PTW_VALIDATED | 1;
		p->owner = DOMID_XEN;
	}
}

void m2p_init(void)
{
	u64 bytes = round_up(frame_limit() * sizeof(u64), PIECE_FRAMES * PAGE_SIZE);

	pieces = bytes / (PIECE_FRAMES * PAGE_SIZE);
	if (pieces > MAX_PIECES)
		panic("machine-to-phys table: more than %u GiB of memory", MAX_PIECES / 2);
	for (unsigned i = 0; i < pieces; i++) {
		void *piece = heap_pages(PIECE_ORDER, FRAME_NO_SCRUB);
		u64 offset = i * PIECE_FRAMES * PAGE_SIZE, frame;

		if (!piece)
			panic("machine-to-phys table: no 2 MiB of free memory in one piece");
		frame = frame_of(piece).n;

		piece_frame[i] = frame;
		piece_share(frame);
		machine_map(M2P_RW_START + offset, mfn(frame), PIECE_FRAMES, MAP_WRITE);
		machine_map(M2P_RO_START + offset, mfn(frame), PIECE_FRAMES, MAP_GUEST_READ);
	}
	memset((void *)M2P_RW_START, 0xff, bytes);
}

u64 m2p_get(mfn_t m)
{
	return m.n < frame_limit() ? READ_ONCE(((u64 *)M2P_RW_START)[m.n]) : INVALID_M2P_ENTRY;
}

void m2p_set(mfn_t m, u64 pfn)
{
	if (m.n < frame_limit())
		WRITE_ONCE(((u64 *)M2P_RW_START)[m.n], pfn);
}

u64 m2p_frames(void)
{
	return pieces;
}

mfn_t m2p_frame(unsigned index)
{
	return mfn(index < pieces ? piece_frame[index] : INVALID_MFN_RAW);
}
