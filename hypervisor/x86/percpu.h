/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each CPU's own pages: nine frames taken at boot. In the CPU area they appear as the GDT window's
 * page 14 and the stack: four pages for IST stacks (the TSS at the bottom of the first), a guard
 * that is not mapped, three for the main stack with cpu_block at its top.
 */
#ifndef X86_PERCPU_H
#define X86_PERCPU_H

#include "x86/machine.h"

#define CPU_FRAMES  9 /* L1 of the area, GDT page 14, 7 of stack */
#define STACK_GUARD 4 /* page index in the stack */
#define IST_NMI	    1
#define IST_DF	    2
#define IST_MC	    3
#define IST_DB	    4

void percpu_reserve(unsigned count); /* boot: frames for CPUs 0..count-1 */
u64 percpu_frames(unsigned cpu);     /* physical address of its nine frames; 0: none reserved */
static inline u64 percpu_stack(unsigned cpu) /* lowest address */
{
	return CPU_AREA_START + cpu * (u64)CPU_AREA_SIZE + CPU_STACK_OFF;
}
static inline struct cpu_block *percpu_block(unsigned cpu)
{
	return (struct cpu_block *)(percpu_stack(cpu) + STACK_SIZE) - 1;
}
u64 percpu_stack_page(unsigned cpu, unsigned index); /* physical address; 0 for the guard */

#endif
