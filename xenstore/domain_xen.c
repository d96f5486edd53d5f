/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link to a Xen or Paravane host, by the stable libraries: rings by grant (reserved entry 1 of
 * every domain), else by frame number; event channels; XEN_DOMCTL_getdomaininfo for who lives.
 * Dom0's kernel tells of its own ring in /proc/xen/xsd_kva (mmap) and /proc/xen/xsd_port.
 */
#define __XEN_TOOLS__ 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>

#include "domain_link.h"

#define PAGE 4096

struct link {
	xenevtchn_handle *events;
	xengnttab_handle *grants;
	xenforeignmemory_handle *foreign;
	xencall_handle *call;
	struct xen_domctl *ctl;
	int domains_port;
};

struct link *link_open(void)
{
	struct link *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return NULL;
	l->events = xenevtchn_open(NULL, 0);
	l->grants = xengnttab_open(NULL, 0);
	l->foreign = xenforeignmemory_open(NULL, 0);
	l->call = xencall_open(NULL, 0);
	l->ctl = l->call ? xencall_alloc_buffer(l->call, sizeof(*l->ctl)) : NULL;
	l->domains_port = l->events ? xenevtchn_bind_virq(l->events, VIRQ_DOM_EXC) : -1;
	if (l->ctl && l->domains_port >= 0 && (l->grants || l->foreign))
		return l;
	err = errno;
	link_close(l);
	errno = err ? err : ENODEV;
	return NULL;
}

void link_close(struct link *l)
{
	if (l->ctl)
		xencall_free_buffer(l->call, l->ctl);
	if (l->call)
		xencall_close(l->call);
	if (l->foreign)
		xenforeignmemory_close(l->foreign);
	if (l->grants)
		xengnttab_close(l->grants);
	if (l->events)
		xenevtchn_close(l->events);
	free(l);
}

int link_fd(const struct link *l)
{
	return xenevtchn_fd(l->events);
}

int link_pending(struct link *l)
{
	struct pollfd p = { .fd = xenevtchn_fd(l->events), .events = POLLIN };
	int port;

	/* Reading would wait when there is none. */
	if (poll(&p, 1, 0) != 1)
		return LINK_NONE;
	port = xenevtchn_pending(l->events);
	if (port < 0)
		return LINK_NONE;
	xenevtchn_unmask(l->events, (evtchn_port_t)port);
	return port == l->domains_port ? LINK_DOMAINS : port;
}

/* Dom0's kernel has its ring in a page of its own. */
static void *map_own(uint32_t *remote_port)
{
	int fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	void *page;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	close(fd);
	*remote_port = (uint32_t)strtoul(text, NULL, 10);
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

static void *map_of(struct link *l, unsigned int domid, uint64_t frame, struct link_ring *ring)
{
	xen_pfn_t pfn = frame;
	void *page = NULL;

	if (l->grants)
		page = xengnttab_map_grant_ref(
			l->grants, domid, GNTTAB_RESERVED_XENSTORE, PROT_READ | PROT_WRITE);
	ring->granted = page != NULL;
	if (!page && l->foreign)
		page = xenforeignmemory_map(
			l->foreign, domid, PROT_READ | PROT_WRITE, 1, &pfn, NULL);
	return page;
}

int link_map(struct link *l, unsigned int domid, uint64_t frame, uint32_t remote_port,
	struct link_ring *ring)
{
	ring->granted = false;
	ring->page = domid ? map_of(l, domid, frame, ring) : map_own(&remote_port);
	if (!ring->page)
		return EINVAL;
	ring->port = xenevtchn_bind_interdomain(l->events, domid, remote_port);
	if (ring->port >= 0)
		return 0;
	ring->port = -1;
	link_unmap(l, ring);
	return EINVAL;
}

void link_unmap(struct link *l, struct link_ring *ring)
{
	if (ring->port >= 0)
		xenevtchn_unbind(l->events, (evtchn_port_t)ring->port);
	if (ring->granted)
		xengnttab_unmap(l->grants, ring->page, 1);
	else
		munmap(ring->page, PAGE);
	ring->page = NULL;
}

void link_notify(struct link *l, const struct link_ring *ring)
{
	xenevtchn_notify(l->events, (evtchn_port_t)ring->port);
}

enum link_state link_domain(struct link *l, unsigned int domid)
{
	struct xen_domctl *c = l->ctl;

	memset(c, 0, sizeof(*c));
	c->cmd = XEN_DOMCTL_getdomaininfo;
	c->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	c->domain = (domid_t)domid;
	/* It answers with the first domain from that domid on. */
	if (xencall1(l->call, __HYPERVISOR_domctl, (uint64_t)(uintptr_t)c) || c->domain != domid)
		return LINK_ABSENT;
	if (c->u.getdomaininfo.flags & XEN_DOMINF_dying)
		return LINK_ABSENT;
	return c->u.getdomaininfo.flags & XEN_DOMINF_shutdown ? LINK_SHUTDOWN : LINK_ALIVE;
}
