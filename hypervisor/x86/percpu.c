/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs' frames (percpu.h says what is in them). Written at boot by the boot CPU only. */
#include "x86/percpu.h"
#include "lib/check.h"
#include "x86/memmap.h"

static u64 base[NR_CPUS] ro_after_boot;

_Static_assert(sizeof(struct cpu_block) == 184, "entry.S: CPU_BLOCK_BYTES");
_Static_assert(STACK_SIZE / PAGE_SIZE == 8, "four IST pages, a guard, three of stack");

void percpu_reserve(unsigned count)
{
	for (unsigned cpu = 0; cpu < count && cpu < NR_CPUS; cpu++)
		if (!base[cpu])
			base[cpu] = memmap_alloc(CPU_FRAMES * PAGE_SIZE);
}

u64 percpu_frames(unsigned cpu)
{
	return base[cpu];
}

u64 percpu_stack_page(unsigned cpu, unsigned index)
{
	if (index == STACK_GUARD)
		return 0;
	return base[cpu] + (2 + index - (index > STACK_GUARD)) * PAGE_SIZE;
}
