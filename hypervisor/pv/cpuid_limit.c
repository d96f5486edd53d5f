/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the control domain wants a domain's CPUID to be (XEN_DOMCTL_set_cpu_policy, from cpuid= of a
 * guest's configuration): leaf by leaf, over what cpuid.c would answer. Features can only be taken
 * away; what merely describes the processor (vendor, model, name, caches) is taken as it was set;
 * what follows from the vcpu's own state stays. Pure functions of a table that belongs to the
 * domain and is set before it runs.
 */
#include "pv/cpuid.h"

#define LEAF1_XSAVE  BIT(26)
#define LEAF1_AVX    BIT(28)
#define LEAF1_LIVE   (BIT(27) | BIT(31)) /* OSXSAVE and hypervisor present: not features */
#define LEAF7_AVX512 BIT(16)
#define XCR0_AVX     BIT(2)
#define XCR0_AVX512  0xe0ul

enum rule { KEEP, SET, AND, LESS };

static const struct {
	u32 first, last;
	u32 subleaf; /* ~0: each */
	u8 rule[4];
} rules[] = {
	{ 0, 0, 0, { LESS, SET, SET, SET } },
	{ 1, 1, 0, { SET, KEEP, AND, AND } },
	{ 2, 2, 0, { SET, SET, SET, SET } },
	{ 4, 4, ~0u, { SET, SET, SET, SET } },
	{ 7, 7, 0, { LESS, AND, AND, AND } },
	{ 7, 7, 1, { AND, AND, AND, AND } },
	{ 0xd, 0xd, 1, { AND, KEEP, KEEP, KEEP } },
	{ 0x80000000, 0x80000000, 0, { LESS, SET, SET, SET } },
	{ 0x80000001, 0x80000001, 0, { SET, KEEP, AND, AND } },
	{ 0x80000002, 0x80000006, 0, { SET, SET, SET, SET } },
	{ 0x80000007, 0x80000007, 0, { AND, AND, AND, AND } },
	{ 0x80000008, 0x80000008, 0, { KEEP, AND, KEEP, KEEP } },
	{ 0x80000021, 0x80000021, 0, { AND, AND, AND, AND } },
};

const u32 *cpuid_limit_find(const struct cpuid_limits *limits, u32 leaf, u32 subleaf)
{
	for (u32 i = 0; limits && i < limits->count; i++)
		if (limits->at[i].leaf == leaf && limits->at[i].subleaf == subleaf)
			return limits->at[i].regs;
	return NULL;
}

bool cpuid_limit_set(struct cpuid_limits *limits, const struct cpuid_limit *limit)
{
	u32 i = 0;

	while (i < limits->count &&
		(limits->at[i].leaf != limit->leaf || limits->at[i].subleaf != limit->subleaf))
		i++;
	if (i == CPUID_LIMITS_MAX)
		return false;
	limits->at[i] = *limit;
	limits->count = max(limits->count, i + 1);
	return true;
}

static u32 ruled(u8 rule, u32 value, u32 limit)
{
	switch (rule) {
	case SET: return limit;
	case AND: return value & limit;
	case LESS: return min(value, limit);
	default: return value;
	}
}

/* Whether the leaf has subleaves: else every one is its first. */
static bool has_subleaves(u32 leaf)
{
	return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
}

void cpuid_limit_apply(const struct cpuid_limits *limits, u32 leaf, u32 subleaf, u32 out[4])
{
	u32 live = leaf == 1 ? out[2] & (u32)LEAF1_LIVE : 0;
	const u32 *limit;

	if (!has_subleaves(leaf))
		subleaf = 0;
	limit = cpuid_limit_find(limits, leaf, subleaf);
	if (!limit)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		if (leaf < rules[i].first || leaf > rules[i].last ||
			(rules[i].subleaf != ~0u && rules[i].subleaf != subleaf))
			continue;
		for (unsigned r = 0; r < 4; r++)
			out[r] = ruled(rules[i].rule[r], out[r], limit[r]);
		out[2] |= live;
		return;
	}
}

u64 cpuid_limit_xcr0(const struct cpuid_limits *limits, u64 offered)
{
	const u32 *one = cpuid_limit_find(limits, 1, 0), *seven = cpuid_limit_find(limits, 7, 0);

	if (one && !(one[2] & LEAF1_XSAVE))
		return 0;
	if (one && !(one[2] & LEAF1_AVX))
		offered &= ~(XCR0_AVX | XCR0_AVX512);
	if (seven && !(seven[1] & LEAF7_AVX512))
		offered &= ~XCR0_AVX512;
	return offered;
}
