/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID and MSR policies in the form that the tools take (<xen/arch-x86/xen.h> xen_cpuid_leaf_t),
 * and feature sets by word.
 */
#ifndef HC_CPU_POLICY_H
#define HC_CPU_POLICY_H

#include "lib/base.h"

#define FEATURE_WORDS 19 /* <xen/arch-x86/cpufeatureset.h> word 0..18 */

struct policy_answer {
	u32 leaves, msrs;
};

struct domain;

/*
 * Write what a domain sees to the guest's arrays, an address 0 only counts. *room says how many
 * fit and becomes how many there are. EFAULT, ENOBUFS.
 */
must_check int policy_to_guest(
	struct domain *d, u64 leaves_addr, u64 msrs_addr, struct policy_answer *room);
void policy_features(u32 words[FEATURE_WORDS]);

#endif
