/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypervisor made of files, behind the names of the stable libraries: link it in, or preload it
 * as a shared object (then Debian's stores run on it too). In $FAKE_XEN: dom<N>     domain N is
 * there; "s" in it: shut down; "d": dying ring<N>    its store ring page to<N>, from<N>   FIFOs: a
 * byte is an event to, or from, the domain virq       FIFO: a byte is VIRQ_DOM_EXC Ports: 1 for the
 * VIRQ, 100 + N for domain N.
 */
#define __XEN_TOOLS__ 1
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xen/xen.h>
#include <xen/domctl.h>

#define PORTS	 40000
#define DOM_PORT 100

struct xenevtchn_handle {
	int epoll;
	int in[PORTS], out[PORTS];
};

static int fake_path(char *out, size_t size, const char *name, int n)
{
	const char *dir = getenv("FAKE_XEN");

	if (!dir) {
		errno = ENODEV;
		return -1;
	}
	if (n < 0)
		snprintf(out, size, "%s/%s", dir, name);
	else
		snprintf(out, size, "%s/%s%d", dir, name, n);
	return 0;
}

static int fake_open(const char *name, int n)
{
	char path[512];

	return fake_path(path, sizeof(path), name, n) ? -1
						      : open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	xenevtchn_handle *h = calloc(1, sizeof(*h));

	if (h)
		h->epoll = epoll_create1(EPOLL_CLOEXEC);
	return h;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
	return xenevtchn_open(logger, flags);
}

int xenevtchn_close(xenevtchn_handle *h)
{
	close(h->epoll);
	free(h);
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *h)
{
	return h->epoll;
}

static int bind_fifos(xenevtchn_handle *h, int port, int in, int out)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)port };

	if (in < 0 || epoll_ctl(h->epoll, EPOLL_CTL_ADD, in, &e))
		return -1;
	h->in[port] = in;
	h->out[port] = out;
	return port;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *h, unsigned int virq)
{
	return bind_fifos(h, 1, fake_open("virq", -1), -1);
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(
	xenevtchn_handle *h, uint32_t domid, evtchn_port_t remote)
{
	return bind_fifos(h, DOM_PORT + (int)domid, fake_open("from", (int)domid),
		fake_open("to", (int)domid));
}

int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
	close(h->in[port]);
	close(h->out[port]);
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
	return write(h->out[port], "!", 1) == 1 ? 0 : -1;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *h)
{
	struct epoll_event e;
	char drain[64];

	if (epoll_wait(h->epoll, &e, 1, 0) != 1) {
		errno = EAGAIN;
		return -1;
	}
	while (read(h->in[e.data.u32], drain, sizeof(drain)) == sizeof(drain))
		;
	return (int)e.data.u32;
}

int xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
	return 0;
}

static void *map_ring(unsigned int domid)
{
	int fd = fake_open("ring", (int)domid);
	void *page =
		fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return page == MAP_FAILED ? NULL : page;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
	static char handle;

	return (xengnttab_handle *)(void *)&handle;
}

int xengnttab_close(xengnttab_handle *h)
{
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *h, uint32_t n)
{
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{
	return map_ring(domid);
}

int xengnttab_unmap(xengnttab_handle *h, void *at, uint32_t count)
{
	return munmap(at, 4096);
}

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger, unsigned int flags)
{
	static char handle;

	return (xenforeignmemory_handle *)(void *)&handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *h)
{
	return 0;
}

void *xenforeignmemory_map(xenforeignmemory_handle *h, uint32_t dom, int prot, size_t pages,
	const xen_pfn_t *arr, int *err)
{
	return map_ring(dom);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *h, void *at, size_t pages)
{
	return munmap(at, 4096);
}

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned int flags)
{
	static char handle;

	return (xencall_handle *)(void *)&handle;
}

int xencall_close(xencall_handle *h)
{
	return 0;
}

void *xencall_alloc_buffer(xencall_handle *h, size_t size)
{
	return calloc(1, size);
}

void xencall_free_buffer(xencall_handle *h, void *p)
{
	free(p);
}

void *xencall_alloc_buffer_pages(xencall_handle *h, size_t n)
{
	return calloc(n, 4096);
}

void xencall_free_buffer_pages(xencall_handle *h, void *p, size_t n)
{
	free(p);
}

int xencall1(xencall_handle *h, unsigned int op, uint64_t arg)
{
	struct xen_domctl *c = (void *)(uintptr_t)arg;
	char state = 0;
	int fd;

	if (op != __HYPERVISOR_domctl || c->cmd != XEN_DOMCTL_getdomaininfo) {
		errno = ENOSYS;
		return -1;
	}
	fd = fake_open("dom", c->domain);
	if (fd < 0) {
		errno = ESRCH;
		return -1;
	}
	if (read(fd, &state, 1) < 0)
		state = 0;
	close(fd);
	memset(&c->u.getdomaininfo, 0, sizeof(c->u.getdomaininfo));
	c->u.getdomaininfo.domain = c->domain;
	if (state == 's')
		c->u.getdomaininfo.flags = XEN_DOMINF_shutdown;
	if (state == 'd')
		c->u.getdomaininfo.flags = XEN_DOMINF_dying;
	return 0;
}

/* Dom0's kernel is a file, too. */
int open(const char *path, int flags, ...)
{
	char other[512];
	va_list args;
	int mode;

	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	if (!strcmp(path, "/proc/xen/xsd_port") && !fake_path(other, sizeof(other), "xsd_port", -1))
		path = other;
	else if (!strcmp(path, "/proc/xen/xsd_kva") && !fake_path(other, sizeof(other), "ring", 0))
		path = other;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
