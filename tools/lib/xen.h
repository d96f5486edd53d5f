/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the hypervisor: one handle for hypercalls (libxencall) and foreign memory
 * (libxenforeignmemory), opened once a program. Calls return 0 (or a count) or -1 with errno as the
 * hypervisor gave it. Structures passed here may live anywhere; they are copied to and from memory
 * that the kernel keeps locked. Buffers that a structure points to must come from hbuf_alloc().
 * ABI: <xen/domctl.h>, <xen/sysctl.h>, interface version 0x15.
 */
#ifndef TOOLS_LIB_XEN_H
#define TOOLS_LIB_XEN_H

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__
#endif
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/memory.h>
#include <xencall.h>
#include <xenforeignmemory.h>

#include "tools/lib/error.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL

struct xen {
	xencall_handle *call;
	xenforeignmemory_handle *memory;
};

/* Fails with ERR_PERM when this is not a control domain or the user may not. */
int xen_open(struct xen *x, struct error *e);
void xen_close(struct xen *x);

/* Zeroed memory for the insides of a hypercall; never NULL (the program ends when there is none).
 */
void *hbuf_alloc(struct xen *x, size_t size);
void hbuf_free(struct xen *x, void *p);

/* Fill op->cmd and op->u; the interface version is set here. */
int xen_domctl(struct xen *x, struct xen_domctl *op);
int xen_sysctl(struct xen *x, struct xen_sysctl *op);
long xen_memory_op(struct xen *x, unsigned int cmd, void *arg, size_t size);
int xen_version_op(struct xen *x, unsigned int cmd, void *arg, size_t size);
int xen_event_channel_op(struct xen *x, int cmd, void *arg, size_t size);
int xen_mmuext_op(struct xen *x, struct mmuext_op *op, uint32_t domid);

#endif
