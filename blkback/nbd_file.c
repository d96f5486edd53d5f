/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of FUSE's to an NBD server: see nbd.h. FUSE: <fuse3/fuse_lowlevel.h>; libnbd(3).
 */
#include <errno.h>
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "blkback/nbd.h"

#define ATTRIBUTES_S  3600.0
#define ZERO_AT_ONCE  (1U << 30) /* a request's length has 32 bits */
#define REQUESTS      128	 /* blkback has as many under way for a disk */
#define REQUESTS_BUSY 96

enum nbd_what { NBD_READ, NBD_WRITE, NBD_FLUSH, NBD_ZERO };

struct nbd_op {
	struct nbd_op *next;
	struct nbd_file *file;
	fuse_req_t req;
	enum nbd_what what;
	uint64_t offset, left; /* of the part that is not done */
	size_t size;
	char *data;
};

/* With libnbd's reason, unless e has one. */
static int nbd_fail(struct nbd_file *f, struct error *e)
{
	error_set(e, ERR_FAIL, "%s", nbd_get_error());
	if (f->nbd)
		nbd_close(f->nbd);
	f->nbd = NULL;
	return -1;
}

int nbd_file_connect(struct nbd_file *f, const char *uri, bool readonly, struct error *e)
{
	int64_t size;

	f->nbd = nbd_create();
	/* Without a word about block sizes a server takes any. */
	if (!f->nbd || nbd_set_request_block_size(f->nbd, false) ||
		nbd_set_uri_allow_tls(f->nbd, LIBNBD_TLS_DISABLE) ||
		nbd_set_uri_allow_transports(
			f->nbd, LIBNBD_ALLOW_TRANSPORT_TCP | LIBNBD_ALLOW_TRANSPORT_UNIX) ||
		nbd_connect_uri(f->nbd, uri))
		return nbd_fail(f, e);
	size = nbd_get_size(f->nbd);
	if (size < 0)
		return nbd_fail(f, e);
	if (!readonly && nbd_is_read_only(f->nbd) != 0) {
		error_set(e, ERR_CONFIG, "%s: the server lets nobody write to it", uri);
		error_advice(e, "access=ro");
		return nbd_fail(f, e);
	}
	f->size = size;
	f->readonly = readonly;
	return 0;
}

static void op_end(struct nbd_op *op, int error)
{
	if (error)
		fuse_reply_err(op->req, error);
	else if (op->what == NBD_READ)
		fuse_reply_buf(op->req, op->data, op->size);
	else if (op->what == NBD_WRITE)
		fuse_reply_write(op->req, op->size);
	else
		fuse_reply_err(op->req, 0);
	op->file->in_flight--;
	free(op->data);
	free(op);
}

/* libnbd calls it with its lock held: another part is sent later. */
static int op_done(void *arg, int *error)
{
	struct nbd_op *op = arg;

	if (!*error && op->what == NBD_ZERO && op->left) {
		op->next = op->file->more;
		op->file->more = op;
	} else {
		op_end(op, *error);
	}
	return 1;
}

static int64_t send_zero(struct nbd_op *op, nbd_completion_callback done)
{
	uint64_t n = op->left < ZERO_AT_ONCE ? op->left : ZERO_AT_ONCE, at = op->offset;

	op->offset += n;
	op->left -= n;
	return nbd_aio_zero(op->file->nbd, n, at, done, 0);
}

static void op_send(struct nbd_op *op)
{
	nbd_completion_callback done = { .callback = op_done, .user_data = op };
	struct nbd_handle *nbd = op->file->nbd;
	int64_t rc;

	if (nbd_aio_is_dead(nbd) || nbd_aio_is_closed(nbd)) {
		op_end(op, ENOTCONN);
		return;
	}
	if (op->what == NBD_READ)
		rc = nbd_aio_pread(nbd, op->data, op->size, op->offset, done, 0);
	else if (op->what == NBD_WRITE)
		rc = nbd_aio_pwrite(nbd, op->data, op->size, op->offset, done, 0);
	else if (op->what == NBD_FLUSH)
		rc = nbd_aio_flush(nbd, done, 0);
	else
		rc = send_zero(op, done);
	/* It was not taken, and its callback is not called. */
	if (rc < 0)
		op_end(op, nbd_get_errno() ?: EIO);
}

/* NULL: no memory, and the request is answered. */
static struct nbd_op *op_new(fuse_req_t req, enum nbd_what what, size_t size, off_t offset)
{
	struct nbd_op *op = calloc(1, sizeof(*op));
	bool data = what == NBD_READ || what == NBD_WRITE;

	if (op && data)
		op->data = malloc(size ?: 1);
	if (!op || (data && !op->data)) {
		free(op);
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	op->file = fuse_req_userdata(req);
	op->req = req;
	op->what = what;
	op->size = size;
	op->offset = offset;
	op->file->in_flight++;
	return op;
}

static void file_init(void *arg, struct fuse_conn_info *conn)
{
	/* Data is copied once: there is no pipe in the sandbox. */
	conn->want &= ~(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	conn->max_background = REQUESTS;
	conn->congestion_threshold = REQUESTS_BUSY;
}

static void file_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct nbd_file *f = fuse_req_userdata(req);
	struct stat st = { .st_ino = ino, .st_nlink = 1, .st_blksize = 4096 };

	st.st_mode = S_IFREG | (f->readonly ? 0400 : 0600);
	st.st_size = f->size;
	st.st_blocks = f->size / 512;
	fuse_reply_attr(req, &st, ATTRIBUTES_S);
}

static void file_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct nbd_file *f = fuse_req_userdata(req);

	if (f->readonly && (fi->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(req, EROFS);
		return;
	}
	fi->direct_io = 1;
	fuse_reply_open(req, fi);
}

static void file_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct nbd_file *f = fuse_req_userdata(req);
	struct nbd_op *op;

	if (offset < 0 || (uint64_t)offset >= f->size || !size) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	if (size > f->size - offset)
		size = f->size - offset;
	op = op_new(req, NBD_READ, size, offset);
	if (op)
		op_send(op);
}

static bool in_file(const struct nbd_file *f, off_t offset, uint64_t size)
{
	return offset >= 0 && (uint64_t)offset <= f->size && size <= f->size - offset;
}

static void file_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct nbd_op *op;

	if (!in_file(fuse_req_userdata(req), offset, size)) {
		fuse_reply_err(req, ENOSPC);
		return;
	}
	op = op_new(req, NBD_WRITE, size, offset);
	if (!op)
		return;
	memcpy(op->data, data, size);
	op_send(op);
}

static void file_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct nbd_file *f = fuse_req_userdata(req);
	struct nbd_op *op = op_new(req, NBD_FLUSH, 0, 0);

	if (!op)
		return;
	/* A server without the request keeps nothing back. */
	if (nbd_can_flush(f->nbd) == 0)
		op_end(op, 0);
	else
		op_send(op);
}

static void file_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t size,
	struct fuse_file_info *fi)
{
	struct nbd_file *f = fuse_req_userdata(req);
	struct nbd_op *op;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) || nbd_can_zero(f->nbd) == 0) {
		fuse_reply_err(req, EOPNOTSUPP);
		return;
	}
	if (size <= 0 || !in_file(f, offset, size)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	op = op_new(req, NBD_ZERO, 0, offset);
	if (!op)
		return;
	op->left = size;
	op_send(op);
}

const struct fuse_lowlevel_ops nbd_file_ops = {
	.init = file_init,
	.getattr = file_getattr,
	.open = file_open,
	.read = file_read,
	.write = file_write,
	.fsync = file_fsync,
	.fallocate = file_fallocate,
};

static void send_more(struct nbd_file *f)
{
	struct nbd_op *op, *list = f->more;

	f->more = NULL;
	while ((op = list)) {
		list = op->next;
		op_send(op);
	}
}

/* What libnbd waits for, in terms of poll(2); its descriptor is -1 once the connection is lost. */
static struct pollfd server(struct nbd_file *f)
{
	unsigned int way = nbd_aio_get_direction(f->nbd);
	struct pollfd p = { .fd = -1 };

	if (nbd_aio_is_dead(f->nbd) || nbd_aio_is_closed(f->nbd))
		return p;
	p.fd = nbd_aio_get_fd(f->nbd);
	p.events = (way & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
		   (way & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0);
	return p;
}

int nbd_file_turn(struct nbd_file *f, int fd, const sigset_t *mask)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN } };

	send_more(f);
	if (fd < 0 && !f->in_flight)
		return 0;
	p[1] = server(f);
	if (ppoll(p, 2, NULL, mask) < 0)
		return -1;
	/* One of the two: the first may change what is waited for. */
	if (p[1].revents & (POLLIN | POLLHUP | POLLERR))
		nbd_aio_notify_read(f->nbd);
	else if (p[1].revents & POLLOUT)
		nbd_aio_notify_write(f->nbd);
	return p[0].revents != 0;
}

int nbd_file_close(struct nbd_file *f)
{
	int rc = 0;

	if (!f->readonly && nbd_can_flush(f->nbd) != 0)
		rc = nbd_flush(f->nbd, 0);
	if (nbd_shutdown(f->nbd, 0))
		rc = -1;
	nbd_close(f->nbd);
	f->nbd = NULL;
	return rc;
}
