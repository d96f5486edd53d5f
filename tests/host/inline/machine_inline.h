/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hot accessors of x86/machine.h for the fake machine: the CPU that the test chose is a
 * variable. */
#ifndef MACHINE_INLINE_H
#define MACHINE_INLINE_H

#include "lib/base.h"
#include "x86/regs.h"

#define FAKE_CPUS 64

struct page;
extern struct page *const frame_table_fake;
#define frame_table frame_table_fake

extern unsigned fake_cpu;
extern struct vcpu *fake_current[FAKE_CPUS];
extern struct regs fake_regs[FAKE_CPUS];

static inline unsigned cpu_id(void)
{
	return fake_cpu;
}

static inline struct vcpu *current_vcpu(void)
{
	return fake_current[fake_cpu];
}

static inline struct regs *guest_regs(void)
{
	return &fake_regs[fake_cpu];
}

u64 tsc_read(void);
void *frame_map(mfn_t m);
mfn_t frame_of(const void *p);

#endif
