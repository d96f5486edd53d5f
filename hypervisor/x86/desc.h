/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptor tables of the CPUs (PV-ABI 13): each has a window of 16 GDT pages (14 of the guest's,
 * page 14 ours, page 15 empty) and one of 16 LDT pages in its CPU area. Changing a window writes
 * this CPU's PTEs only; they are not global, so the CR3 load of the switch that follows forgets the
 * old ones. The *_now forms flush by themselves.
 */
#ifndef X86_DESC_H
#define X86_DESC_H

#include "lib/base.h"

#define GUEST_GDT_PAGES 14
#define LDT_PAGES	16

/* Window page `index` of this CPU shows frame; INVALID_MFN_RAW: the page of zeroes (GDT), nothing
 * (LDT: the access faults). */
void cpu_gdt_window_set(unsigned index, u64 frame);
void cpu_ldt_window_set(unsigned index, u64 frame);
void cpu_gdt_window_set_now(unsigned index, u64 frame);
void cpu_ldt_window_set_now(unsigned index, u64 frame);
/* Make the LDT window the LDT with this many entries; 0: no LDT. Skips the work when nothing
 * changes. */
void cpu_ldt_load(unsigned entries);
static inline u64 cpu_ldt_window(unsigned cpu)
{
	return CPU_AREA_START + cpu * (u64)CPU_AREA_SIZE + CPU_LDT_OFF;
}

void desc_cpu_init(unsigned cpu); /* boot: fill page 14, TSS; load GDT, TSS, IDT on this CPU */
void idt_init(void);		  /* boot CPU, early: the gates, from entry.S's table */

#endif
