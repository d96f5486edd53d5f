/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hot accessors of machine.h for the real machine. The CPU's block stands at the top of its
 * stack (STACK_SIZE-aligned, the IST stacks inside the same area), so it is found from rsp: no
 * segment base is ours (PV-ABI 12).
 */
#ifndef MACHINE_INLINE_H
#define MACHINE_INLINE_H

#include "lib/base.h"
#include "x86/regs.h"

#define STACK_SIZE (PAGE_SIZE << STACK_ORDER)

struct cpu_block {
	struct regs guest; /* where entry from ring 3 pushes */
	struct vcpu *current;
	u32 cpu;
	u32 reserved;
};

static inline struct cpu_block *cpu_block(void)
{
	unsigned long sp;

	asm("mov %%rsp, %0" : "=r"(sp));
	return (struct cpu_block *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}

static inline unsigned cpu_id(void)
{
	return cpu_block()->cpu;
}

static inline struct vcpu *current_vcpu(void)
{
	return cpu_block()->current;
}

static inline struct regs *guest_regs(void)
{
	return &cpu_block()->guest;
}

static inline u64 tsc_read(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* Frames by the direct map (declared in machine.h): an addition each. */
static inline void *frame_map(mfn_t m)
{
	return (void *)(DIRECTMAP_START + (m.n << PAGE_SHIFT));
}

static inline mfn_t frame_of(const void *p)
{
	return mfn(((u64)p - DIRECTMAP_START) >> PAGE_SHIFT);
}

#endif
