/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System time from the TSC (machine.h has what core uses), its calibration, the wall clock's start,
 * the CPU's timer. */
#ifndef X86_TIME_H
#define X86_TIME_H

#include "x86/machine.h"

void time_init(void); /* boot CPU: calibrate, read the wall clock */
void time_cpu_init(
	unsigned cpu); /* secondary CPU, while the boot CPU calls time_cpu_lend in a loop */
void time_cpu_lend(void);
u64 time_ns_to_tsc(u64 ns);

/* Pure arithmetic: the scale of a TSC of that frequency, and a reading by it. */
void time_scale_make(u64 hz, u32 *mul, s8 *shift);
static inline u64 time_scale_ns(const struct time_scale *s, u64 tsc)
{
	u64 delta = tsc - s->tsc_base;

	delta = s->shift < 0 ? delta >> -s->shift : delta << s->shift;
	return (u64)((unsigned __int128)delta * s->mul >> 32) + s->ns_base;
}
/* Seconds since 1970 of a UTC date; month and day from 1. */
u64 time_of_date(u32 year, u32 month, u32 day, u32 hour, u32 minute, u32 second);

#endif
