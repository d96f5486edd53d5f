/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUID policy as a pure function of what the host says, for cpuid.c and the tests. */
#ifndef PV_CPUID_H
#define PV_CPUID_H

#include "pv/pv.h"

/* What the control domain set for one leaf of a domain (XEN_DOMCTL_set_cpu_policy); a leaf without
 * subleaves is at 0. */
struct cpuid_limit {
	u32 leaf, subleaf;
	u32 regs[4];
};

#define CPUID_LIMITS_MAX 256

struct cpuid_limits {
	u32 count;
	struct cpuid_limit at[CPUID_LIMITS_MAX];
};

/* What the policy depends on besides the leaf. */
struct cpuid_view {
	void (*host)(u32 leaf, u32 subleaf, u32 out[4]);
	u64 xcr0_offered; /* 0: no XSAVE */
	u64 xcr0;	  /* the vcpu's */
	u64 cr4;	  /* the vcpu's, as it reads it */
	bool control_domain;
	u32 vcpu;
	struct pv_tsc tsc;
	u32 tsc_khz; /* the host's */
	bool tsc_stable;
	u32 tsc_mul, tsc_shift;
	unsigned phys_bits;
	const struct cpuid_limits *limits; /* NULL: none */
};

/* What was set for a leaf: eax ebx ecx edx, or NULL. */
const u32 *cpuid_limit_find(const struct cpuid_limits *limits, u32 leaf, u32 subleaf);
/* Where a domain has its limits: NULL, or a table from heap_alloc that goes with the domain. */
struct cpuid_limits **pv_cpuid_limits(struct domain *d);
/* Set one, instead of an older one for the same leaf. False: no room. */
must_check bool cpuid_limit_set(struct cpuid_limits *limits, const struct cpuid_limit *limit);
/* Make an answer for a leaf what the limits leave of it. */
void cpuid_limit_apply(const struct cpuid_limits *limits, u32 leaf, u32 subleaf, u32 out[4]);
/* XCR0 bits that a domain with these limits may set, of those that we offer. */
u64 cpuid_limit_xcr0(const struct cpuid_limits *limits, u64 offered);

void cpuid_policy(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4]);

#endif
