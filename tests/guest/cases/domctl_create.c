// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * createdomain: what it refuses, ids that are taken, and that a refused call leaves nothing behind
 * (SECURITY C17). A domain fresh from it is paused and has no memory.
 */
#include "test.h"

static struct xen_domctl fresh(u16 domid)
{
	struct xen_domctl d = { .cmd = XEN_DOMCTL_createdomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = domid };

	d.u.createdomain = (struct xen_domctl_createdomain){ .max_vcpus = 1,
		.max_evtchn_port = 127,
		.max_grant_frames = 1,
		.max_maptrack_frames = 0,
		.grant_opts = XEN_DOMCTL_GRANT_version(1) };
	return d;
}

static long destroy(u16 domid)
{
	struct xen_domctl d = { .cmd = XEN_DOMCTL_destroydomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = domid };

	return HC(domctl, &d);
}

static long outcome(struct xen_domctl d)
{
	long error = HC(domctl, &d);

	if (!error)
		destroy(d.domain);
	return error;
}

static void refusals(void)
{
	struct xen_domctl d;

	fact("id 0x7ff0", "%ld", outcome(fresh(0x7ff0)));
	d = fresh(0);
	d.u.createdomain.flags = 1u << 31;
	fact("unknown flag", "%ld", outcome(d));
	d = fresh(0);
	d.u.createdomain.max_vcpus = 0;
	fact("no vcpus", "%ld", outcome(d));
	d.u.createdomain.max_vcpus = 1000000;
	fact("a million vcpus", "%ld", outcome(d));
	d = fresh(0);
	d.u.createdomain.iommu_opts = 1;
	fact("iommu_opts without iommu", "%ld", outcome(d));
	d = fresh(0);
	d.u.createdomain.grant_opts = 0;
	fact("grant version 0", "%ld", outcome(d));
	d = fresh(0);
	d.u.createdomain.cpupool_id = 7;
	fact("no such pool", "%ld", outcome(d));
	d = fresh(0);
	d.u.createdomain.flags = XEN_DOMCTL_CDF_hap;
	fact("PV with HAP", "%ld", outcome(d));
	d = fresh(0);
	d.u.createdomain.max_grant_frames = -1;
	d.u.createdomain.max_maptrack_frames = -1;
	fact("default grant limits", "%ld", outcome(d));
}

TEST(domctl_create, "createdomain: identifiers, refusals, a fresh domain")
{
	struct xen_domctl d = fresh(77), info = { .cmd = XEN_DOMCTL_getdomaininfo,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = 77 };
	u64 before;

	outcome(fresh(0));
	before = free_pages();
	refusals();
	CHECK_EQ(HC(domctl, &d), 0);
	CHECK_EQ(d.domain, 77);
	fact("id 77 again", "%ld", HC(domctl, &d));
	CHECK_EQ(HC(domctl, &info), 0);
	fact("fresh", "flags %x, pages %lu, online %u", info.u.getdomaininfo.flags,
		(u64)info.u.getdomaininfo.tot_pages, info.u.getdomaininfo.nr_online_vcpus);
	info.cmd = XEN_DOMCTL_unpausedomain;
	fact("unpause without a context", "%ld", HC(domctl, &info));
	CHECK_EQ(destroy(77), 0);
	fact("destroy again", "%ld", destroy(77) && destroy(77) ? -1l : 0l);
	CHECK(free_pages_reach(before - 4));
}
