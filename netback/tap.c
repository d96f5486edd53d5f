/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap's side of an interface, and the world behind queue.h's seam. The tap was opened for us
 * (tools/lib/nictap.c); what is set here needs no privileges. Interface: <linux/if_tun.h>.
 */
#include <errno.h>
#include <liburing.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "netback/vif.h"

#define DRAIN_MAX 4096 /* frames: more than a tap's queue holds */
#define ENTRIES	  64   /* of the io_uring: frames handed over at once */

static struct io_uring ring;

/* System calls that go through the ring are not seen by seccomp: it may do just these. */
static int restrict_ring(void)
{
	static const uint8_t may[] = { IORING_OP_WRITE, IORING_OP_WRITEV };
	struct io_uring_restriction r[sizeof(may)] = { 0 };
	size_t i;

	for (i = 0; i < sizeof(may); i++) {
		r[i].opcode = IORING_RESTRICTION_SQE_OP;
		r[i].sqe_op = may[i];
	}
	return io_uring_register_restrictions(&ring, r, sizeof(may));
}

int tap_start(void)
{
	int rc = io_uring_queue_init(ENTRIES, &ring, IORING_SETUP_R_DISABLED);

	if (!rc)
		rc = restrict_ring();
	if (!rc)
		rc = io_uring_enable_rings(&ring);
	errno = -rc;
	return rc ? -1 : 0;
}

static int copy(struct queue *q, grant_segment *segs, unsigned int count)
{
	return xengnttab_grant_copy(backend_gnttab(), count, segs);
}

/*
 * A batch of frames is one system call: an io_uring whose requests the kernel carries out while
 * they are handed over, since a tap always takes a frame (its send buffer has no limit). That also
 * keeps whom a frame wakes from running between one frame and the next.
 */
static void send_batch(struct vif_queue *vq, struct net_frame *frames, unsigned int count)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	unsigned int i, head, seen;
	struct net_frame *f;

	for (i = 0; i < count; i++) {
		f = &frames[i];
		f->result = -1;
		sqe = io_uring_get_sqe(&ring);
		if (f->count == 1)
			io_uring_prep_write(sqe, vq->fd, f->iov->iov_base, f->iov->iov_len, 0);
		else
			io_uring_prep_writev(sqe, vq->fd, f->iov, f->count, 0);
		io_uring_sqe_set_data(sqe, f);
	}
	/* Every one is over when this is: its memory is used again at once. */
	for (i = 0; i < count; i += seen) {
		io_uring_submit_and_wait(&ring, count - i);
		seen = 0;
		io_uring_for_each_cqe(&ring, head, cqe)
		{
			f = io_uring_cqe_get_data(cqe);
			f->result = cqe->res < 0 ? -1 : cqe->res;
			seen++;
		}
		io_uring_cq_advance(&ring, seen);
	}
}

static void send_frames(struct queue *q, struct net_frame *frames, unsigned int count)
{
	struct vif_queue *vq = q->arg;
	unsigned int i, n;

	if (count == 1) {
		frames->result = writev(vq->fd, frames->iov, frames->count);
		return;
	}
	for (i = 0; i < count; i += n) {
		n = count - i < ENTRIES ? count - i : ENTRIES;
		send_batch(vq, frames + i, n);
	}
}

/* Not by the io_uring: it cannot be told not to wait for a tap's next frame. */
static ssize_t receive_frame(struct queue *q, void *buf, size_t size)
{
	struct vif_queue *vq = q->arg;

	return read(vq->fd, buf, size);
}

static void notify(struct queue *q, uint32_t port)
{
	struct vif_queue *vq = q->arg;

	backend_notify(port == q->tx_port ? vq->tx : vq->rx);
}

static uint64_t now(struct queue *q)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

const struct queue_ops tap_queue_ops = { copy, send_frames, receive_frame, notify, now };

static unsigned int offloads(const struct net_features *f)
{
	unsigned int set = 0;

	if (f->csum4 || f->csum6)
		set |= TUN_F_CSUM;
	if (f->sg && f->gso4 && f->csum4 && !f->tagged_gso)
		set |= TUN_F_TSO4;
	if (f->sg && f->gso6 && f->csum6 && !f->tagged_gso)
		set |= TUN_F_TSO6;
	return set;
}

/* The kernel spreads frames over attached queues only. */
static int use_queue(int fd, bool on)
{
	struct ifreq r = { .ifr_flags = on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

	/* EINVAL: it is already so. */
	return ioctl(fd, TUNSETQUEUE, &r) && errno != EINVAL ? -1 : 0;
}

void tap_carrier(struct vif *v, int on)
{
	if (ioctl(v->queue[0].fd, TUNSETCARRIER, &on))
		backend_log(v->dev, LOG_WARN, "cannot switch the carrier");
}

int tap_offload(struct vif *v)
{
	return ioctl(v->queue[0].fd, TUNSETOFFLOAD, offloads(&v->f));
}

int tap_connect(struct vif *v)
{
	unsigned int i;

	for (i = 0; i < v->fds; i++)
		if (use_queue(v->queue[i].fd, i < v->queues))
			return -1;
	if (tap_offload(v))
		return -1;
	tap_carrier(v, 1);
	return 0;
}

void tap_disconnect(struct vif *v)
{
	uint8_t frame[64];
	unsigned int i, n;

	tap_carrier(v, 0);
	/* What is left would be news from before to the next front end. */
	for (i = 0; i < v->queues; i++)
		for (n = 0; n < DRAIN_MAX; n++)
			if (read(v->queue[i].fd, frame, sizeof(frame)) < 0)
				break;
}
