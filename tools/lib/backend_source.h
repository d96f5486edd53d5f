/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What needs privileges, done for a back end by vaned (the broker) and handed over as file
 * descriptors: the restart memory, and what stands behind a device: a disk, a tap, a socket. The
 * broker believes the device's own directory in xenstore, which only the toolstack writes, and
 * nothing of what the back end says beyond a device id of its own domain.
 *
 * On the wire (SOCK_SEQPACKET): the back end sends "open DEVID", the answer is "fds DEVID N" with
 * N descriptors, the restart memory first, or "no DEVID REASON".
 */
#ifndef TOOLS_LIB_BACKEND_SOURCE_H
#define TOOLS_LIB_BACKEND_SOURCE_H

#include "tools/lib/store.h"

#include <stdint.h>
#include <stdio.h>

/* Sockets, lock files and restart memories; root's alone, and gone after a boot. */
#ifndef BACKEND_DIR /* a test's */
#define BACKEND_DIR "/run/xen/backend"
#endif

/* Bytes of a restart memory. What a kind has use for, from the start, and the mark are allocated.
 */
#define BACKEND_MEMORY	    (1 << 19)
#define BACKEND_MEMORY_UVBD (272 << 10)
#define BACKEND_MEMORY_UVIF (16 << 10)
#define BACKEND_MARK	    4096 /* the last of them, see struct backend_mark */
#define BACKEND_SOURCE_FDS  17	 /* the restart memory and at most 16 others */

static inline void backend_socket_path(const char *program, uint32_t domid, char *path, size_t size)
{
	snprintf(path, size, BACKEND_DIR "/%s-%u.sock", program, domid);
}

/*
 * Open what stands behind one device; its nodes are below back. Descriptors into fds (at most max),
 * close-on-exec; their number, or -1 with e. One for each kind: disk_open (disk.h), and
 * nic_open (nic.h): the queues of the tap vifDOMID.DEVID.
 */
typedef int source_open_fn(struct store *s, const char *back, uint32_t domid, uint32_t devid,
	int *fds, unsigned int max, struct error *e);

struct backend_kind {
	const char *program; /* "blkback" */
	const char *kind;    /* "uvbd" */
	size_t memory;	     /* at most BACKEND_MEMORY - BACKEND_MARK */
	source_open_fn *open;
};

#endif
