// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sysctls that a toolstack lives on: getdomaininfolist pages through the domains from a first
 * id on, physinfo and cputopoinfo count two CPUs, readconsole gives the hypervisor's log, and a
 * wrong interface version is EACCES.
 */
#include "test.h"

static void body(void)
{
}

static struct xen_sysctl sysctl(u32 cmd)
{
	return (struct xen_sysctl){ .cmd = cmd, .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
}

TEST(sysctl_lists, "domain list, physical info, log")
{
	struct child *a = child_create(body), *b = child_create(body);
	static struct xen_domctl_getdomaininfo list[8];
	static char log[256];
	struct xen_sysctl s = sysctl(XEN_SYSCTL_getdomaininfolist);

	s.u.getdomaininfolist.max_domains = 8;
	set_xen_guest_handle(s.u.getdomaininfolist.buffer, list);
	CHECK_EQ(HC(sysctl, &s), 0);
	fact("domains", "%u", s.u.getdomaininfolist.num_domains);
	CHECK_EQ(list[0].domain, 0);
	CHECK_EQ(list[1].domain, a->domid);
	CHECK_EQ(list[2].domain, b->domid);
	s.u.getdomaininfolist.first_domain = a->domid + 1;
	s.u.getdomaininfolist.max_domains = 1;
	CHECK_EQ(HC(sysctl, &s), 0);
	CHECK_EQ(s.u.getdomaininfolist.num_domains, 1);
	CHECK_EQ(list[0].domain, b->domid);
	s.u.getdomaininfolist.first_domain = b->domid + 1;
	fact("behind the last", "%ld", HC(sysctl, &s));
	fact("domains", "%u", s.u.getdomaininfolist.num_domains);

	s = sysctl(XEN_SYSCTL_physinfo);
	CHECK_EQ(HC(sysctl, &s), 0);
	fact("cpus, nodes, max cpu", "%u %u %u", s.u.physinfo.nr_cpus, s.u.physinfo.nr_nodes,
		s.u.physinfo.max_cpu_id);
	CHECK(s.u.physinfo.total_pages > s.u.physinfo.free_pages && s.u.physinfo.cpu_khz);
	s = sysctl(XEN_SYSCTL_readconsole);
	set_xen_guest_handle(s.u.readconsole.buffer, log);
	s.u.readconsole.count = sizeof(log);
	CHECK_EQ(HC(sysctl, &s), 0);
	CHECK(s.u.readconsole.count > 0 && s.u.readconsole.count <= sizeof(log));
	s = sysctl(XEN_SYSCTL_physinfo);
	s.interface_version = 1;
	fact("another version", "%ld", HC(sysctl, &s));
	s = sysctl(9999);
	fact("unknown", "%ld", HC(sysctl, &s));
}
