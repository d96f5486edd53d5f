/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This CPU's features and control registers. CR4 on a CPU is the hypervisor's fixed bits plus those
 * that the running vcpu owns (CR4_GUEST_BITS); segment bases are the guest's, read and written by
 * whichever way is cheap.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "lib/base.h"

enum cpu_vendor { CPU_OTHER, CPU_INTEL, CPU_AMD };

struct cpu_features {
	enum cpu_vendor vendor;
	u32 family, model, stepping;
	u32 max_leaf, max_ext_leaf;
	u8 phys_bits, virt_bits;
	bool pge, nx, page1g, fsgsbase, smep, smap, umip, xsave, xsaveopt, erms, x2apic,
		tsc_deadline, invariant_tsc, hypervisor, syscall32, sysenter, rdtscp, ibrs, ibpb,
		mce, restores_fp_pointers;
};

extern struct cpu_features cpu_features; /* the boot CPU's; read-only after boot */

/* The bits of CR4 that a vcpu may own. */
#define CR4_GUEST_BITS (CR4_TSD | CR4_DE | CR4_FSGSBASE)
u64 cpu_cr4_fixed(void);	  /* what the hypervisor needs set whatever runs */
void cpu_cr4_set(u64 guest_bits); /* on a switch: writes CR4 only when it changes */

/* Segment bases of the guest; must be canonical. "inactive" is the one that SWAPGS brings. */
u64 fs_base_get(void);
void fs_base_set(u64 base);
u64 gs_base_get(void);
void gs_base_set(u64 base);
u64 gs_inactive_get(void);
void gs_inactive_set(u64 base);

static inline bool canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

void cpu_features_init(void);	     /* boot CPU, once */
void cpu_control_init(void);	     /* every CPU: control registers, PAT, EFER */
void cpu_syscall_init(unsigned cpu); /* every CPU: SYSCALL and SYSENTER entries */

#endif
