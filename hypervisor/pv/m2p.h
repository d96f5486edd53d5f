/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine-to-phys table: one u64 a frame, ours writable at M2P_RW_START, guests' read-only at
 * M2P_RO_START. */
#ifndef PV_M2P_H
#define PV_M2P_H

#include "lib/base.h"

#define INVALID_M2P_ENTRY (~0ull)

void m2p_init(void); /* boot: allocate and map it for frame_limit() frames */
u64 m2p_get(mfn_t m);
void m2p_set(mfn_t m, u64 pfn);
u64 m2p_frames(void); /* frames of 2 MiB that hold it, for XENMEM_machphys_mfn_list */
mfn_t m2p_frame(unsigned index);

#endif
