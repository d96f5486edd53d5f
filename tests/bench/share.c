/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share: what each domain got, and how much memory is free. Runs in dom0 on any hypervisor that
 * speaks the sysctl interface of <xen/sysctl.h>. Guests are those of tests/bench/spin.c; "share 1"
 * orders them to work, "share 2" to be ready for that, "share 0" to sleep; "share" only looks.
 *
 *	free PAGES
 *	domain ID CPU-NANOSECONDS PAGES WORK
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define __XEN_TOOLS__ 1
#include <stdint.h>
#include <xen/xen.h>
#include <xen/sysctl.h>
#include <xencall.h>
#include <xenforeignmemory.h>

#define DOMAINS 256

static xencall_handle *call;
static xenforeignmemory_handle *foreign;
static xen_domctl_getdomaininfo_t *info;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void sysctl(struct xen_sysctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (xencall1(call, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)op))
		fail("share: sysctl");
}

/* The guest's work so far; its order becomes what is asked, unless that is negative. */
static unsigned long guest(const xen_domctl_getdomaininfo_t *d, int order)
{
	xen_pfn_t frame = d->shared_info_frame;
	shared_info_t *page =
		xenforeignmemory_map(foreign, d->domain, PROT_READ | PROT_WRITE, 1, &frame, NULL);
	unsigned long work;

	if (!page)
		fail("share: shared_info");
	if (order >= 0)
		page->arch.p2m_cr3 = order;
	work = page->arch.p2m_generation;
	xenforeignmemory_unmap(foreign, page, 1);
	return work;
}

int main(int argc, char **argv)
{
	int order = argc > 1 ? atoi(argv[1]) : -1;
	struct xen_sysctl *op;
	unsigned int i, n;

	call = xencall_open(NULL, 0);
	foreign = xenforeignmemory_open(NULL, 0);
	op = call ? xencall_alloc_buffer(call, sizeof(*op)) : NULL;
	info = op ? xencall_alloc_buffer(call, DOMAINS * sizeof(*info)) : NULL;
	if (!info || !foreign)
		fail("share: cannot make hypercalls");
	memset(op, 0, sizeof(*op));
	sysctl(op, XEN_SYSCTL_physinfo);
	printf("free %llu\n", (unsigned long long)op->u.physinfo.free_pages);
	memset(op, 0, sizeof(*op));
	op->u.getdomaininfolist.max_domains = DOMAINS;
	set_xen_guest_handle_raw(op->u.getdomaininfolist.buffer, info);
	sysctl(op, XEN_SYSCTL_getdomaininfolist);
	n = op->u.getdomaininfolist.num_domains;
	for (i = 0; i < n; i++)
		printf("domain %u %llu %llu %lu\n", info[i].domain,
			(unsigned long long)info[i].cpu_time, (unsigned long long)info[i].tot_pages,
			info[i].domain ? guest(&info[i], order) : 0);
	return 0;
}
