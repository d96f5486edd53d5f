/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and block devices behind disks: one io_uring for the process. It is restricted to reading,
 * writing, flushing and punching holes in registered files before it is enabled, so whoever takes
 * over this process cannot open anything through it.
 *
 * With each source the disk's restart memory is registered. The kernel keeps registered files until
 * the last request of the ring is over, even when the process is killed; the lock on that file is
 * therefore what tells a successor that no I/O of ours can reach the disk any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <sched.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "blkback/disk.h"

#define ENTRIES 512
#define FILES	512 /* two for each disk */
#define AT_ONCE 64

static struct io_uring ring;
static struct backend_watch watch;
static bool used[FILES / 2];

static int restrict_ring(void)
{
	static const uint8_t operations[] = { IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READ_FIXED,
		IORING_OP_WRITE_FIXED, IORING_OP_FSYNC, IORING_OP_FALLOCATE };
	struct io_uring_restriction r[sizeof(operations) + 3];
	unsigned int n;

	memset(r, 0, sizeof(r));
	for (n = 0; n < sizeof(operations); n++) {
		r[n].opcode = IORING_RESTRICTION_SQE_OP;
		r[n].sqe_op = operations[n];
	}
	r[n].opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED;
	r[n++].sqe_flags = IOSQE_FIXED_FILE;
	r[n].opcode = IORING_RESTRICTION_REGISTER_OP;
	r[n++].register_op = IORING_REGISTER_FILES_UPDATE;
	r[n].opcode = IORING_RESTRICTION_REGISTER_OP;
	r[n++].register_op = IORING_REGISTER_ENABLE_RINGS;
	return io_uring_register_restrictions(&ring, r, n);
}

/*
 * What cannot be done at once the kernel gives to workers of the ring. An idle one ends after 5 s,
 * but the last one stays and wakes up every 5 s, unless it runs on a processor that the workers are
 * not bound to: bound to none, all end.
 */
static void end_idle_workers(void)
{
	cpu_set_t none;

	CPU_ZERO(&none);
	io_uring_register_iowq_aff(&ring, sizeof(none), &none);
}

int source_start(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_R_DISABLED };
	struct iovec buffers;
	int rc = io_uring_queue_init_params(ENTRIES, &ring, &params);

	if (!rc)
		end_idle_workers();
	if (!rc && buffers_start(&buffers))
		rc = -ENOMEM;
	if (!rc)
		rc = io_uring_register_buffers(&ring, &buffers, 1);
	if (!rc)
		rc = io_uring_register_files_sparse(&ring, FILES);
	if (!rc)
		rc = restrict_ring();
	if (!rc)
		rc = io_uring_enable_rings(&ring);
	if (rc < 0)
		log_line(LOG_ERROR, "blkback: no io_uring: %s", strerror(-rc));
	return rc < 0 ? -1 : 0;
}

bool source_reap(void)
{
	struct io_uring_cqe *cqe[AT_ONCE];
	unsigned int n, i;

	n = io_uring_peek_batch_cqe(&ring, cqe, AT_ONCE);
	for (i = 0; i < n; i++)
		request_step_done(io_uring_cqe_get_data(cqe[i]), cqe[i]->res);
	io_uring_cq_advance(&ring, n);
	return n;
}

static void completed(void *arg)
{
	request_flush();
}

int source_attach(struct disk *d)
{
	int fds[2] = { d->fd, d->dev->memory_fd }, rc;

	if (!watch.ready && backend_watch(&watch, ring.ring_fd, EPOLLIN, completed, NULL))
		return backend_fail(d->dev, "no event source");
	for (d->id = 0; d->id < FILES / 2 && used[d->id]; d->id++)
		;
	if (d->id == FILES / 2)
		return backend_fail(d->dev, "too many disks");
	rc = io_uring_register_files_update(&ring, d->id * 2, fds, 2);
	if (rc != 2)
		return backend_fail(d->dev, "cannot register the disk: %s", strerror(-rc));
	used[d->id] = true;
	return 0;
}

void source_detach(struct disk *d)
{
	int none[2] = { -1, -1 };

	if (d->id >= FILES / 2 || !used[d->id])
		return;
	io_uring_register_files_update(&ring, d->id * 2, none, 2);
	used[d->id] = false;
}

static struct io_uring_sqe *get_sqe(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&ring)))
		io_uring_submit(&ring);
	return sqe;
}

static void to_file(struct io_uring_sqe *sqe, struct request *r)
{
	io_uring_sqe_set_data(sqe, r);
	sqe->fd = r->q->disk->id * 2;
	sqe->flags = IOSQE_FIXED_FILE;
}

void source_data(struct request *r, bool write, bool durable)
{
	struct io_uring_sqe *sqe = get_sqe();
	uint8_t *data = r->buffer->data;
	uint64_t at = r->sector * SECTOR;

	if (r->buffer->registered && write)
		io_uring_prep_write_fixed(sqe, 0, data, r->bytes, at, 0);
	else if (r->buffer->registered)
		io_uring_prep_read_fixed(sqe, 0, data, r->bytes, at, 0);
	else if (write)
		io_uring_prep_write(sqe, 0, data, r->bytes, at);
	else
		io_uring_prep_read(sqe, 0, data, r->bytes, at);
	sqe->rw_flags = durable ? RWF_DSYNC : 0;
	to_file(sqe, r);
}

void source_flush(struct request *r)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_fsync(sqe, 0, IORING_FSYNC_DATASYNC);
	to_file(sqe, r);
}

void source_discard(struct request *r)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_fallocate(sqe, 0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		r->sector * SECTOR, r->sectors * SECTOR);
	to_file(sqe, r);
}

void source_submit(void)
{
	if (io_uring_sq_ready(&ring))
		io_uring_submit(&ring);
}
