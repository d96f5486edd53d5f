// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything privileged from an unprivileged domain (SECURITY C17): each domctl and each sysctl on
 * dom0, itself, nobody and the reserved domain ids fails: EPERM, or what is wrong with the call
 * where Xen looks at that first (ESRCH for domains that are not there); platform_op and the rest
 * likewise.
 */
#include "test.h"

static void domctls(void)
{
	static const u16 domids[] = { 0, 1, 999, 0x7ff0, 0x7ff1, 0x7ff2, 0x7fff };

	for (u32 cmd = 0; cmd < 100; cmd++)
		for (unsigned int i = 0; i < ARRAY_SIZE(domids); i++) {
			struct xen_domctl d = { .cmd = cmd,
				.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				.domain = domids[i] };

			CHECK(HC(domctl, &d) < 0);
			CHECK_EQ(d.domain, domids[i]);
		}
}

static long domctl_on_dom0(u32 cmd)
{
	struct xen_domctl d = { .cmd = cmd, .interface_version = XEN_DOMCTL_INTERFACE_VERSION };

	return HC(domctl, &d);
}

CHILD_TEST(child_denied, "domctl, sysctl, platform_op and others from a domU")
{
	struct xen_domctl d = { .cmd = XEN_DOMCTL_getdomaininfo, .interface_version = 1 };
	struct xen_platform_op p = { .cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION };
	char text[] = "a domU has no console_io\n";

	domctls();
	for (u32 cmd = 0; cmd < 40; cmd++) {
		struct xen_sysctl s = { .cmd = cmd,
			.interface_version = XEN_SYSCTL_INTERFACE_VERSION };
		long error = HC(sysctl, &s);

		CHECK(error < 0);
		if (error != -XEN_EPERM)
			fact("sysctl", "%u: %ld", cmd, error);
	}
	fact("domctls on dom0", "destroy %ld, pause %ld, info %ld, context %ld, create %ld",
		domctl_on_dom0(XEN_DOMCTL_destroydomain), domctl_on_dom0(XEN_DOMCTL_pausedomain),
		domctl_on_dom0(XEN_DOMCTL_getdomaininfo), domctl_on_dom0(XEN_DOMCTL_getvcpucontext),
		domctl_on_dom0(XEN_DOMCTL_createdomain));
	fact("domctl of another version", "%ld", HC(domctl, &d));
	fact("settime", "%ld", HC(platform_op, &p));
	fact("console_io read", "%ld", HC(console_io, CONSOLEIO_read, 1, text));
	fact("nmi_op", "%ld",
		HC(nmi_op, 0, &(struct xennmi_callback){ .handler_address = (u64)nmi_entry }));
	fact("kexec, xsm, hypfs", "%ld %ld %ld", HC(kexec_op, 0, NULL), HC(xsm_op, NULL),
		HC(hypfs_op, 0, 0, 0, 0));
	fact("xenpmu, argo, dm", "%ld %ld %ld", HC(xenpmu_op, 0, NULL), HC(argo_op, 0),
		HC(dm_op, 0, 0, NULL));
	fact("hvm_op get param", "%ld", HC(hvm_op, 1, NULL));
	fact("platform quirk", "%ld", (p.cmd = XENPF_platform_quirk, HC(platform_op, &p)));
}
