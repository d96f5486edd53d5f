/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages: print the host's total and free memory in pages, which `xl info` rounds to MiB. Runs in
 * dom0 on any hypervisor that speaks the sysctl interface of <xen/sysctl.h> (XEN_SYSCTL_physinfo).
 */
#include <stdio.h>
#include <string.h>

#define __XEN_TOOLS__ 1
#include <stdint.h>
#include <xen/xen.h>
#include <xen/sysctl.h>
#include <xencall.h>

int main(void)
{
	xencall_handle *call = xencall_open(NULL, 0);
	struct xen_sysctl *op = call ? xencall_alloc_buffer(call, sizeof(*op)) : NULL;

	if (!op) {
		perror("pages: cannot make hypercalls");
		return 1;
	}
	memset(op, 0, sizeof(*op));
	op->cmd = XEN_SYSCTL_physinfo;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (xencall1(call, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)op)) {
		perror("pages: physinfo");
		return 1;
	}
	printf("%llu %llu\n", (unsigned long long)op->u.physinfo.total_pages,
		(unsigned long long)op->u.physinfo.free_pages);
	return 0;
}
