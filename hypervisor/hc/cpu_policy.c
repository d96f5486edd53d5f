/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU policies: what pv/cpuid gives a domain on this host. Reading one lists its leaves; setting
 * one is checked for form and kept as limits on what its vcpus see (pv/cpuid_limit.c), all of it or
 * nothing, before the domain ran.
 */
#include "hc/cpu_policy.h"

#include <xen/domctl.h>

#include "hc/domctl.h"
#include "hc/hypercall.h"
#include "lib/string.h"
#include "pv/cpuid.h"
#include "pv/traps.h"

#define BASIC_LEAVES  32 /* at most so many of each range are listed */
#define CACHE_SUBS    6
#define TOPOLOGY_SUBS 2
#define XSTATE_SUBS   63
#define MSRS_MAX      16

#define MSR_PLATFORM_INFO 0xce
#define MSR_ARCH_CAPS	  0x10a

struct lister {
	struct domain *d;
	u64 addr; /* 0: only count */
	u32 room, count;
	int error;
};

static void list_leaf(struct lister *l, u32 leaf, u32 subleaf)
{
	xen_cpuid_leaf_t out = { .leaf = leaf, .subleaf = subleaf };
	u32 regs[4];

	if (l->error)
		return;
	pv_domain_cpuid(l->d, leaf, subleaf == XEN_CPUID_NO_SUBLEAF ? 0 : subleaf, regs);
	out.a = regs[0];
	out.b = regs[1];
	out.c = regs[2];
	out.d = regs[3];
	if (l->addr && l->count >= l->room)
		l->error = -ENOBUFS;
	else if (l->addr && guest_out(l->addr, l->count, &out, sizeof(out), 1))
		l->error = -EFAULT;
	l->count++;
}

/* How many subleaves of a basic leaf are listed; 0: it has none. */
static u32 subleaves(struct domain *d, u32 leaf)
{
	switch (leaf) {
	case 4: return CACHE_SUBS;
	case 7: {
		u32 regs[4];

		pv_domain_cpuid(d, 7, 0, regs);
		return min(regs[0], 2u) + 1;
	}
	case 0xb: return TOPOLOGY_SUBS;
	case 0xd: return XSTATE_SUBS;
	default: return 0;
	}
}

static void list_basic(struct lister *l)
{
	u32 regs[4], last;

	pv_domain_cpuid(l->d, 0, 0, regs);
	last = min(regs[0], (u32)BASIC_LEAVES - 1);
	for (u32 leaf = 0; leaf <= last; leaf++) {
		u32 subs = subleaves(l->d, leaf);

		for (u32 sub = 0; sub < subs; sub++)
			list_leaf(l, leaf, sub);
		if (!subs)
			list_leaf(l, leaf, XEN_CPUID_NO_SUBLEAF);
	}
}

static void list_range(struct lister *l, u32 first)
{
	u32 regs[4], last;

	pv_domain_cpuid(l->d, first, 0, regs);
	if (regs[0] < first)
		return;
	last = min(regs[0], first + BASIC_LEAVES - 1);
	for (u32 leaf = first; leaf <= last; leaf++)
		list_leaf(l, leaf, XEN_CPUID_NO_SUBLEAF);
}

static int list_msrs(u64 addr, u32 *room)
{
	static const u32 indices[] = { MSR_PLATFORM_INFO, MSR_ARCH_CAPS };
	u32 had = *room;

	*room = ARRAY_SIZE(indices);
	if (!addr)
		return 0;
	if (had < ARRAY_SIZE(indices))
		return fail(ENOBUFS);
	for (u32 i = 0; i < ARRAY_SIZE(indices); i++) {
		xen_msr_entry_t e = { .idx = indices[i] };

		if (guest_out(addr, i, &e, sizeof(e), 1))
			return -EFAULT;
	}
	return 0;
}

int policy_to_guest(struct domain *d, u64 leaves_addr, u64 msrs_addr, struct policy_answer *room)
{
	struct lister l = { .d = d, .addr = leaves_addr, .room = room->leaves };

	list_basic(&l);
	list_range(&l, 0x80000000);
	if (l.error)
		return l.error;
	room->leaves = l.count;
	return list_msrs(msrs_addr, &room->msrs);
}

void policy_features(u32 words[FEATURE_WORDS])
{
	/*
	 * leaf, subleaf, register (a b c d) of each word; leaf 0: the MSR 0x10a, which we offer
	 * none of
	 */
	static const struct {
		u32 leaf;
		u8 subleaf, reg;
	} where[FEATURE_WORDS] = {
		{ 1, 0, 3 },
		{ 1, 0, 2 },
		{ 0x80000001, 0, 3 },
		{ 0x80000001, 0, 2 },
		{ 0xd, 1, 0 },
		{ 7, 0, 1 },
		{ 7, 0, 2 },
		{ 0x80000007, 0, 3 },
		{ 0x80000008, 0, 1 },
		{ 7, 0, 3 },
		{ 7, 1, 0 },
		{ 0x80000021, 0, 0 },
		{ 7, 1, 1 },
		{ 7, 2, 3 },
		{ 7, 1, 2 },
		{ 7, 1, 3 },
		{ 0, 0, 0 },
		{ 0, 0, 0 },
		{ 0x80000021, 0, 2 },
	};

	for (unsigned i = 0; i < FEATURE_WORDS; i++) {
		u32 regs[4] = { 0 };

		if (where[i].leaf)
			pv_domain_cpuid(current_domain(), where[i].leaf, where[i].subleaf, regs);
		words[i] = regs[where[i].reg];
	}
}

int domctl_policy_get(struct domain *d, xen_domctl_t *op)
{
	struct policy_answer room = { op->u.cpu_policy.nr_leaves, op->u.cpu_policy.nr_msrs };
	int ret = policy_to_guest(
		d, GUEST_ADDR(op->u.cpu_policy.leaves), GUEST_ADDR(op->u.cpu_policy.msrs), &room);

	op->u.cpu_policy.nr_leaves = room.leaves;
	op->u.cpu_policy.nr_msrs = room.msrs;
	return ret;
}

static bool known_leaf(const xen_cpuid_leaf_t *leaf)
{
	u32 range = leaf->leaf >> 16, number = leaf->leaf & 0xffff;

	return (range == 0 || range == 0x4000 || range == 0x8000) && number < 0x200;
}

static int read_leaves(struct cpuid_limits *limits, xen_domctl_cpu_policy_t *p)
{
	for (u32 i = 0; i < p->nr_leaves; i++) {
		struct cpuid_limit limit;
		xen_cpuid_leaf_t leaf;

		if (handle_get(&leaf, p->leaves, i))
			return -EFAULT;
		p->err_leaf = leaf.leaf;
		p->err_subleaf = leaf.subleaf;
		if (!known_leaf(&leaf))
			return fail(ERANGE);
		limit = (struct cpuid_limit){ .leaf = leaf.leaf,
			.subleaf = leaf.subleaf == XEN_CPUID_NO_SUBLEAF ? 0 : leaf.subleaf,
			.regs = { leaf.a, leaf.b, leaf.c, leaf.d } };
		if (leaf.leaf >> 16 != 0x4000 && !cpuid_limit_set(limits, &limit)) /* not ours */
			return fail(E2BIG);
	}
	p->err_leaf = p->err_subleaf = ~0u;
	return 0;
}

static int check_msrs(xen_domctl_cpu_policy_t *p)
{
	for (u32 i = 0; i < p->nr_msrs; i++) {
		xen_msr_entry_t e;

		if (handle_get(&e, p->msrs, i))
			return -EFAULT;
		if (!e.flags && (e.idx == MSR_PLATFORM_INFO || e.idx == MSR_ARCH_CAPS))
			continue;
		p->err_msr = e.idx;
		return fail(EINVAL);
	}
	return 0;
}

static bool has_run(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu (d, v)
		if (vcpu_cpu_time(v))
			return true;
	return false;
}

/* With what was set before as the start: a caller may set leaf after leaf. */
static int set_limits(struct domain *d, xen_domctl_cpu_policy_t *p)
{
	struct cpuid_limits *fresh = heap_alloc(sizeof(*fresh)), **now = pv_cpuid_limits(d), *old;
	int ret;

	if (!fresh)
		return fail(ENOMEM);
	domain_pause(d);
	old = *now;
	if (old)
		*fresh = *old;
	ret = read_leaves(fresh, p);
	if (!ret)
		ret = check_msrs(p);
	if (!ret && has_run(d))
		ret = fail(EEXIST);
	if (!ret && old)
		*old = *fresh; /* in place: somebody may be listing it */
	else if (!ret)
		*now = fresh;
	domain_unpause(d);
	if (ret || old)
		heap_free(fresh);
	return ret;
}

int domctl_policy_set(struct domain *d, xen_domctl_t *op)
{
	xen_domctl_cpu_policy_t *p = &op->u.cpu_policy;

	if (d == current_domain())
		return fail(EINVAL);
	if (p->nr_leaves > CPUID_LIMITS_MAX || p->nr_msrs > MSRS_MAX)
		return fail(E2BIG);
	p->err_leaf = p->err_subleaf = p->err_msr = ~0u;
	return set_limits(d, p);
}
