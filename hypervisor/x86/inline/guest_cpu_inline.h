/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of guest_cpu.h that each system call and each return from one takes, for the real CPU.
 */
#ifndef GUEST_CPU_INLINE_H
#define GUEST_CPU_INLINE_H

#include "lib/base.h"

static inline void cr3_toggle(u64 cr3)
{
	asm volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

static inline void gs_swap(void)
{
	asm volatile("swapgs" : : : "memory");
}

#endif
