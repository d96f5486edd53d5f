// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XEN_DOMCTL_set_cpu_policy (<xen/domctl.h>): what the control domain sets before a domain runs is
 * what its CPUID shows: features go away and never come, names are as they were set. Later it is
 * refused, and so are leaves that do not exist; err_leaf says which.
 */
#include "test.h"

#define SSE42 (1u << 20)
#define VMX   (1u << 5)

static void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
		     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "a"(leaf), "c"(sub));
}

static void body(void)
{
	u32 r[4];

	cpuid(1, 0, r);
	fact("SSE4.2, VMX", "%x %x", r[2] & SSE42, r[2] & VMX);
	CHECK_EQ(r[2] & (SSE42 | VMX), 0);
	cpuid(0x80000002, 0, r);
	fact("name", "%x %x %x %x", r[0], r[1], r[2], r[3]);
	CHECK_EQ(r[0], 0x11111111);
}

/* The policy's leaf 1 of the child, or what else one wants. */
static bool read_leaf(struct child *child, u32 leaf, xen_cpuid_leaf_t *out)
{
	static xen_cpuid_leaf_t leaves[512];
	static xen_msr_entry_t msrs[16];
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_get_cpu_policy);

	d.u.cpu_policy.nr_leaves = ARRAY_SIZE(leaves);
	d.u.cpu_policy.nr_msrs = ARRAY_SIZE(msrs);
	set_xen_guest_handle(d.u.cpu_policy.leaves, leaves);
	set_xen_guest_handle(d.u.cpu_policy.msrs, msrs);
	CHECK_EQ(HC(domctl, &d), 0);
	for (u32 i = 0; i < d.u.cpu_policy.nr_leaves; i++) {
		if (leaves[i].leaf != leaf)
			continue;
		*out = leaves[i];
		return true;
	}
	return false;
}

static long set_leaf(struct xen_domctl d, xen_cpuid_leaf_t *leaf, u32 *error)
{
	long ret;

	d.u.cpu_policy.nr_leaves = 1;
	set_xen_guest_handle(d.u.cpu_policy.leaves, leaf);
	ret = HC(domctl, &d);
	*error = d.u.cpu_policy.err_leaf;
	return ret;
}

TEST(domctl_cpu_policy, "a domain's CPUID as the control domain sets it")
{
	struct child *child = child_create(body);
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_set_cpu_policy), own = d;
	xen_cpuid_leaf_t one, name = { .leaf = 0x80000002,
		.subleaf = XEN_CPUID_NO_SUBLEAF,
		.a = 0x11111111,
		.b = 0x22222222 };
	xen_cpuid_leaf_t unknown = { .leaf = 0xc0000000, .subleaf = XEN_CPUID_NO_SUBLEAF };
	u32 error;

	CHECK(read_leaf(child, 1, &one));
	CHECK_EQ(one.c & SSE42, SSE42);
	CHECK_EQ(one.d & 1u << 12, 0); /* MTRR is dom0's only */
	one.c = (one.c & ~SSE42) | VMX;
	CHECK_EQ(set_leaf(d, &one, &error), 0);
	CHECK_EQ(set_leaf(d, &name, &error), 0);
	CHECK(read_leaf(child, 1, &one));
	CHECK_EQ(one.c & (SSE42 | VMX), 0);
	fact("unknown leaf", "%ld", set_leaf(d, &unknown, &error));
	fact("it says", "%x", error);
	own.domain = 0;
	fact("our own", "%ld", set_leaf(own, &name, &error));
	child_unpause(child);
	CHECK_EQ(child_wait(child, 5), SHUTDOWN_poweroff);
	CHECK(child_print(child));
	fact("after it ran", "%ld", set_leaf(d, &name, &error));
}
