/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUID policy as a pure function of what the host says, for cpuid.c and the tests. */
#ifndef PV_CPUID_H
#define PV_CPUID_H

#include "pv/pv.h"

/* What the policy depends on besides the leaf. */
struct cpuid_view {
	void (*host)(u32 leaf, u32 subleaf, u32 out[4]);
	u64 xcr0_offered; /* 0: no XSAVE */
	u64 xcr0;	  /* the vcpu's */
	u64 cr4;	  /* the vcpu's, as it reads it */
	bool control_domain;
	u32 vcpu;
	u32 tsc_khz;
	bool tsc_stable;
	u32 tsc_mul, tsc_shift;
	unsigned phys_bits;
};

void cpuid_policy(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4]);

#endif
