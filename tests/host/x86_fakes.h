/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory for readers of boot data: an arena of exactly the given bytes, so ASan sees every
 * step beyond it. */
#ifndef X86_FAKES_H
#define X86_FAKES_H

#include "lib/base.h"

u8 *arena_new(u64 base, u64 bytes); /* zeroed; replaces the last one */
extern unsigned fake_log_lines;
extern void (*fake_relax)(void); /* called by a wait */

#endif
