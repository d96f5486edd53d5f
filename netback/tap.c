/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap's side of an interface, and the world behind queue.h's seam. The tap was opened for us
 * (tools/lib/nictap.c); what is set here needs no privileges. Interface: <linux/if_tun.h>.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "netback/vif.h"

#define DRAIN_MAX 4096 /* frames: more than a tap's queue holds */

static int copy(struct queue *q, grant_segment *segs, unsigned int count)
{
	return xengnttab_grant_copy(backend_gnttab(), count, segs);
}

static ssize_t send_frame(struct queue *q, const struct iovec *iov, int count)
{
	struct vif_queue *vq = q->arg;

	if (count == 1)
		return write(vq->fd, iov->iov_base, iov->iov_len);
	return writev(vq->fd, iov, count);
}

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

const struct queue_ops tap_queue_ops = { copy, send_frame, receive_frame, notify, now };

static unsigned int offloads(const struct net_features *f)
{
	unsigned int set = 0;

	if (f->csum4 || f->csum6)
		set |= TUN_F_CSUM;
	if (f->sg && f->gso4 && f->csum4)
		set |= TUN_F_TSO4;
	if (f->sg && f->gso6 && f->csum6)
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

int tap_connect(struct vif *v)
{
	unsigned int i;

	for (i = 0; i < v->fds; i++)
		if (use_queue(v->queue[i].fd, i < v->queues))
			return -1;
	if (ioctl(v->queue[0].fd, TUNSETOFFLOAD, offloads(&v->f)))
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
