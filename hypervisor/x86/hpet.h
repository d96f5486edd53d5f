/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HPET's main counter, only as a reference to measure the TSC by. */
#ifndef X86_HPET_H
#define X86_HPET_H

#include "lib/base.h"

u64 hpet_init(void); /* start it; its frequency in Hz, 0 when there is none */
u32 hpet_read(void); /* low half of the counter */

#endif
