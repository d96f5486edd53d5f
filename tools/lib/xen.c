/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls from user space: see xen.h. Each call copies its argument into a buffer of libxencall
 * and back.
 */
#include "tools/lib/xen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int xen_open(struct xen *x, struct error *e)
{
	memset(x, 0, sizeof(*x));
	x->call = xencall_open(NULL, 0);
	if (x->call)
		x->memory = xenforeignmemory_open(NULL, 0);
	if (x->memory)
		return 0;
	error_errno(e, errno == ENOENT || errno == ENODEV ? ERR_FAIL : ERR_PERM,
		"cannot reach the hypervisor");
	if (access("/dev/xen/privcmd", F_OK))
		error_advice(e, "modprobe xen-privcmd; this must be the control domain "
				"of a Paravane or Xen host");
	else
		error_advice(e, "run as root");
	xen_close(x);
	return -1;
}

void xen_close(struct xen *x)
{
	if (x->memory)
		xenforeignmemory_close(x->memory);
	if (x->call)
		xencall_close(x->call);
	memset(x, 0, sizeof(*x));
}

void *hbuf_alloc(struct xen *x, size_t size)
{
	void *p = xencall_alloc_buffer(x->call, size ? size : 1);

	if (!p) {
		fputs("error: no locked memory for a hypercall\n", stderr);
		exit(5);
	}
	memset(p, 0, size);
	return p;
}

void hbuf_free(struct xen *x, void *p)
{
	int saved = errno;

	xencall_free_buffer(x->call, p);
	errno = saved;
}

int xen_domctl(struct xen *x, struct xen_domctl *op)
{
	struct xen_domctl *b = hbuf_alloc(x, sizeof(*b));
	int rc;

	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	*b = *op;
	rc = xencall1(x->call, __HYPERVISOR_domctl, (uintptr_t)b);
	*op = *b;
	hbuf_free(x, b);
	return rc;
}

int xen_sysctl(struct xen *x, struct xen_sysctl *op)
{
	struct xen_sysctl *b = hbuf_alloc(x, sizeof(*b));
	int rc;

	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	*b = *op;
	rc = xencall1(x->call, __HYPERVISOR_sysctl, (uintptr_t)b);
	*op = *b;
	hbuf_free(x, b);
	return rc;
}

static long call_with_copy(
	struct xen *x, unsigned int number, unsigned int cmd, void *arg, size_t size)
{
	void *b = hbuf_alloc(x, size);
	long rc;

	memcpy(b, arg, size);
	rc = xencall2L(x->call, number, cmd, (uintptr_t)b);
	memcpy(arg, b, size);
	hbuf_free(x, b);
	return rc;
}

long xen_memory_op(struct xen *x, unsigned int cmd, void *arg, size_t size)
{
	return call_with_copy(x, __HYPERVISOR_memory_op, cmd, arg, size);
}

int xen_version_op(struct xen *x, unsigned int cmd, void *arg, size_t size)
{
	if (!arg)
		return xencall2(x->call, __HYPERVISOR_xen_version, cmd, 0);
	return call_with_copy(x, __HYPERVISOR_xen_version, cmd, arg, size);
}

int xen_event_channel_op(struct xen *x, int cmd, void *arg, size_t size)
{
	return call_with_copy(x, __HYPERVISOR_event_channel_op, cmd, arg, size);
}

int xen_mmuext_op(struct xen *x, struct mmuext_op *op, uint32_t domid)
{
	struct mmuext_op *b = hbuf_alloc(x, sizeof(*b));
	int rc;

	*b = *op;
	rc = xencall4(x->call, __HYPERVISOR_mmuext_op, (uintptr_t)b, 1, 0, domid);
	*op = *b;
	hbuf_free(x, b);
	return rc;
}
