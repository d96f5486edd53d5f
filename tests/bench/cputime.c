/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cputime: print the nanoseconds that the vcpus of all domains have run, which leaves out idle time
 * (under QEMU's -icount shift=0 a nanosecond is an instruction). Runs in dom0 on any hypervisor
 * that speaks the sysctl interface of <xen/sysctl.h> (XEN_SYSCTL_getdomaininfolist).
 */
#include <stdio.h>
#include <string.h>

#define __XEN_TOOLS__ 1
#include <stdint.h>
#include <xen/xen.h>
#include <xen/sysctl.h>
#include <xencall.h>

#define DOMAINS 256

int main(void)
{
	xencall_handle *call = xencall_open(NULL, 0);
	struct xen_sysctl *op = call ? xencall_alloc_buffer(call, sizeof(*op)) : NULL;
	xen_domctl_getdomaininfo_t *info =
		op ? xencall_alloc_buffer(call, DOMAINS * sizeof(*info)) : NULL;
	unsigned long long sum = 0;
	unsigned int i;

	if (!info) {
		perror("cputime: cannot make hypercalls");
		return 1;
	}
	memset(op, 0, sizeof(*op));
	op->cmd = XEN_SYSCTL_getdomaininfolist;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	op->u.getdomaininfolist.max_domains = DOMAINS;
	set_xen_guest_handle_raw(op->u.getdomaininfolist.buffer, info);
	if (xencall1(call, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)op)) {
		perror("cputime: getdomaininfolist");
		return 1;
	}
	for (i = 0; i < op->u.getdomaininfolist.num_domains; i++)
		sum += info[i].cpu_time;
	printf("%llu\n", sum);
	return 0;
}
