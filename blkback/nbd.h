/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An export of an NBD server as a file, which blkback opens as any other: requests of the kernel's
 * FUSE become requests of libnbd's, all under way together. It is a process of its own, not a part
 * of blkback, so that blkback can be killed and be sure of what it had under way: that is then the
 * kernel's, which keeps blkback's lock until each request is over (source.c). A connection that
 * died with blkback would leave requests at the server that nobody could wait for.
 *
 * A connection that is lost is not made again: what the server had not written yet may be lost
 * with it, or be written later, over something newer. Every request is an error from then on, until
 * the disk is detached and attached.
 */
#ifndef BLKBACK_NBD_H
#define BLKBACK_NBD_H

#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>
#include <libnbd.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/lib/error.h"

struct nbd_op;

struct nbd_file {
	struct nbd_handle *nbd;
	uint64_t size; /* bytes */
	bool readonly;
	struct nbd_op *more;	/* that have another part to send */
	unsigned int in_flight; /* requests that were not answered */
};

/* Connect, and learn what the export is. `uri`: nbd: or nbd+unix:, as the NBD project's uri.md has
 * it. Waits for the server. -1 with e, with nothing left. */
int nbd_file_connect(struct nbd_file *f, const char *uri, bool readonly, struct error *e);
/* The file's operations; user data: struct nbd_file. */
extern const struct fuse_lowlevel_ops nbd_file_ops;
/* Wait for the server, if it owes an answer, or, while `fd` is not -1, for something to read there;
 * do what the former asks for. `mask` as of ppoll(2). 1: there is something to read, 0: not, -1: a
 * signal came. */
int nbd_file_turn(struct nbd_file *f, int fd, const sigset_t *mask);
/* Have everything written and part from the server. -1: it could not be. */
int nbd_file_close(struct nbd_file *f);

#endif
