// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen_version: each sub-operation, as a domU gets it; features as bits; names that the hypervisor
 * chooses are not facts.
 */
#include "test.h"

CHILD_TEST(version_ops, "xen_version sub-operations")
{
	char extra[16] = { 0 }, caps[1024] = { 0 }, changeset[64] = { 0 };
	static struct xen_compile_info info;
	struct xen_platform_parameters platform = { 0 };
	struct xen_feature_info feature = { .submap_idx = 0 };
	xen_domain_handle_t handle;

	CHECK_EQ(HC(xen_version, XENVER_extraversion, extra), 0);
	CHECK_EQ(extra[15], 0);
	CHECK_EQ(HC(xen_version, XENVER_compile_info, &info), 0);
	fact("capabilities", "%ld", HC(xen_version, XENVER_capabilities, caps));
	fact("PV-64 among them", "%d", !strncmp(caps, "xen-3.0-x86_64 ", 15));
	fact("changeset", "%ld", HC(xen_version, XENVER_changeset, changeset));
	CHECK_EQ(HC(xen_version, XENVER_platform_parameters, &platform), 0);
	fact("virt_start", "%lx", platform.virt_start);
	CHECK_EQ(platform.virt_start, HYPERVISOR_VIRT_START);
	CHECK_EQ(HC(xen_version, XENVER_get_features, &feature), 0);
	fact("features 0", "%x", feature.submap);
	feature.submap_idx = 1;
	fact("features 1", "%ld", HC(xen_version, XENVER_get_features, &feature));
	fact("page size", "%ld", HC(xen_version, XENVER_pagesize, NULL));
	fact("guest handle", "%ld", HC(xen_version, XENVER_guest_handle, &handle));
	fact("command line", "%ld", HC(xen_version, XENVER_commandline, caps) < 0 ? -1l : 0l);
	fact("build id", "%s", HC(xen_version, XENVER_build_id, NULL) < 0 ? "refused" : "given");
	fact("unknown", "%ld", HC(xen_version, 99, NULL));
}
