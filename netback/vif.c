/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network back end as a kind of device of the skeleton (tools/lib/backend.h): what it
 * publishes, what it reads of the front end, and who does which work when. An event of the front
 * end or a readable tap leads to turns of the data path; when a turn says that there is more, the
 * skeleton comes back after the others had theirs. A tap is watched by edges: it is read until
 * there is nothing or no room, and room is told by the front end.
 *
 * A successor needs nothing but the rings (see queue.h) and the multicast list, which is the
 * restart memory.
 */
#include "netback/vif.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tools/lib/backend_source.h"

#define TX_TURNS  4 /* of a ring's worth each, before others may go */
#define PORT_MAX  131071u
#define NS_PER_US 1000u

static struct scratch scratch;

static int rate_over(sd_event_source *src, uint64_t now, void *arg)
{
	struct vif *v = arg;
	unsigned int i;

	for (i = 0; i < v->queues; i++)
		backend_kick(v->queue[i].tx);
	return 0;
}

static void wait_for_rate(struct vif_queue *vq)
{
	struct vif *v = vq->vif;
	uint64_t us = rate_wait(&v->f.rate, vq->q.ops->now(&vq->q)) / NS_PER_US + 1;

	if (backend_after(&v->timer, us, rate_over, v))
		backend_fail(v->dev, "no timer for the rate");
}

/* Whether there is more to do after a turn. */
static bool after_turn(struct vif_queue *vq, enum turn t)
{
	if (t == TURN_BROKEN)
		backend_fail(vq->vif->dev, "queue %u: %s", (unsigned int)(vq - vq->vif->queue),
			vq->q.broken);
	else if (t == TURN_WAIT)
		wait_for_rate(vq);
	return t == TURN_MORE;
}

static bool transmit(void *arg)
{
	struct vif_queue *vq = arg;
	enum turn t;
	int i = 0;

	vq->q.stats.wakeups++;
	do
		t = tx_turn(&vq->q);
	while (t == TURN_MORE && ++i < TX_TURNS);
	return after_turn(vq, t);
}

/* From now on the kernel segments what it sends to this interface: see tagged_gso. */
static void segment_in_tap(struct vif *v)
{
	if (!v->f.tagged_gso || v->segmented)
		return;
	v->segmented = true;
	backend_log(v->dev, LOG_INFO, "VLAN tags: frames are segmented before they come here");
	if (tap_offload(v))
		backend_fail(v->dev, "the tap: %s", strerror(errno));
}

static bool receive(void *arg)
{
	struct vif_queue *vq = arg;
	struct vif *v = vq->vif;
	bool more = false;
	unsigned int i;

	if (!hash_on(v->f.hash))
		more = after_turn(vq, rx_turn(&vq->q));
	/* Room in this one may be what any of them waited for. */
	for (i = 0; hash_on(v->f.hash) && i < v->queues && !*v->queue[i].q.broken; i++)
		more |= after_turn(&v->queue[i], rx_turn(&v->queue[i].q));
	segment_in_tap(v);
	return more;
}

/* The control ring. What it changes may let frames go that waited. */
static bool control(void *arg)
{
	struct vif *v = arg;
	bool notify;
	enum turn t = ctrl_turn(&v->ctrl, &notify);
	unsigned int i;

	if (notify)
		backend_notify(v->ctrl_channel);
	for (i = 0; t == TURN_MORE && i < v->queues; i++)
		backend_kick(v->queue[i].rx);
	return after_turn(&v->queue[0], t);
}

/* A front end with one channel for both. */
static bool transmit_and_receive(void *arg)
{
	bool more = transmit(arg);

	return receive(arg) || more;
}

static void tap_readable(void *arg)
{
	struct vif_queue *vq = arg;

	vq->q.stats.wakeups++;
	if (*vq->q.broken)
		backend_unwatch(&vq->readable);
	else if (receive(vq))
		backend_kick(vq->rx);
}

static int vif_start(void)
{
	if (backend_pages_alloc(&scratch.tx_pages, NET_SLOTS) ||
		backend_pages_alloc(&scratch.rx_pages, RX_PAGES)) {
		log_line(LOG_ERROR, "netback: no memory");
		return -1;
	}
	if (tap_start()) {
		log_line(LOG_ERROR, "netback: no io_uring: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static int vif_create(struct backend_device *dev)
{
	struct vif *v = calloc(1, sizeof(*v));

	dev->own = v;
	if (!v) {
		backend_log(dev, LOG_WARN, "no memory");
		return -1;
	}
	v->dev = dev;
	return 0;
}

static void read_rate(struct vif *v)
{
	char *text = backend_own_text(v->dev, "rate"), end;
	uint64_t bytes = 0, usec = 0;
	struct queue *q = &v->queue[0].q;

	if (text && sscanf(text, "%" SCNu64 ",%" SCNu64 "%c", &bytes, &usec, &end) != 2) {
		backend_log(
			v->dev, LOG_WARN, "rate '%.40s' is not BYTES,MICROSECONDS: no limit", text);
		bytes = 0;
	}
	rate_set(&v->f.rate, bytes, usec, tap_queue_ops.now(q));
	free(text);
}

static int vif_probe(struct backend_device *dev, const int *fds, unsigned int nfds)
{
	static const char *const have[] = { "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
		"feature-ipv6-csum-offload", "feature-rx-copy", "feature-multicast-control",
		"feature-split-event-channels", "feature-ctrl-ring" };
	struct vif *v = dev->own;
	size_t i;

	for (i = 0; i < nfds && i < VIF_QUEUES; i++)
		v->queue[i].fd = fds[i];
	v->fds = i;
	if (!nfds)
		return backend_fail(dev, "no tap");
	for (i = 0; i < sizeof(have) / sizeof(have[0]); i++)
		backend_publish(dev, have[i], "1");
	backend_publish(dev, "feature-rx-flip", "0");
	backend_publish(dev, "multi-queue-max-queues", "%u", v->fds);
	if (dev->state != XenbusStateConnected)
		tap_carrier(v, 0);
	return 0;
}

static bool flag(struct backend_device *dev, const char *name, bool absent, bool *value)
{
	uint32_t n = absent;

	if (backend_front_optional(dev, &n, 0, UINT32_MAX, "%s", name))
		return false;
	*value = n;
	return true;
}

static int read_features(struct vif *v)
{
	struct backend_device *dev = v->dev;
	struct vif_memory *memory = dev->memory;
	bool copy, notify, no_csum;

	if (!flag(dev, "request-rx-copy", false, &copy) ||
		!flag(dev, "feature-rx-notify", false, &notify) ||
		!flag(dev, "feature-sg", false, &v->f.sg) ||
		!flag(dev, "feature-gso-tcpv4", false, &v->f.gso4) ||
		!flag(dev, "feature-gso-tcpv6", false, &v->f.gso6) ||
		!flag(dev, "feature-no-csum-offload", false, &no_csum) ||
		!flag(dev, "feature-ipv6-csum-offload", false, &v->f.csum6) ||
		!flag(dev, "request-multicast-control", false, &v->f.mcast_control))
		return -1;
	if (!copy || !notify)
		return backend_fail(dev, "the front end has no %s",
			copy ? "feature-rx-notify" : "request-rx-copy");
	v->f.tagged_gso = v->segmented = false;
	v->f.csum4 = !no_csum;
	v->f.mcast = &memory->mcast;
	v->f.hash = &memory->hash;
	if (v->f.mcast->count > MCAST_MAX)
		v->f.mcast->count = 0;
	return 0;
}

/* Channels: one for each direction, or one for both. */
static int bind_channels(struct vif_queue *vq, const char *prefix)
{
	struct backend_device *dev = vq->vif->dev;
	uint32_t tx = 0, rx = 0;

	if (backend_front_optional(dev, &tx, 1, PORT_MAX, "%sevent-channel-tx", prefix) ||
		backend_front_optional(dev, &rx, 1, PORT_MAX, "%sevent-channel-rx", prefix))
		return -1;
	if (tx && rx) {
		vq->tx = backend_bind(dev, tx, transmit, vq);
		vq->rx = vq->tx ? backend_bind(dev, rx, receive, vq) : NULL;
	} else {
		if (backend_front_number(dev, &tx, 1, PORT_MAX, "%sevent-channel", prefix))
			return -1;
		rx = tx;
		vq->tx = vq->rx = backend_bind(dev, tx, transmit_and_receive, vq);
	}
	vq->q.tx_port = tx;
	vq->q.rx_port = rx;
	return vq->rx ? 0 : -1;
}

static int connect_queue(struct vif *v, unsigned int i, unsigned int queues)
{
	struct backend_device *dev = v->dev;
	struct vif_queue *vq = &v->queue[i];
	char prefix[24] = "";
	uint32_t tx, rx;

	if (queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%u/", i);
	vq->vif = v;
	vq->q.ops = &tap_queue_ops;
	vq->q.arg = vq;
	vq->q.f = &v->f;
	vq->q.s = &scratch;
	vq->q.domid = dev->domid;
	*vq->q.broken = 0;
	if (backend_front_number(dev, &tx, 0, UINT32_MAX, "%stx-ring-ref", prefix) ||
		backend_front_number(dev, &rx, 0, UINT32_MAX, "%srx-ring-ref", prefix))
		return -1;
	vq->q.tx = backend_map_ring(dev, &tx, 1);
	vq->q.rx = vq->q.tx ? backend_map_ring(dev, &rx, 1) : NULL;
	if (!vq->q.rx)
		return -1;
	if (queue_start(&vq->q))
		return backend_fail(dev, "queue %u: %s", i, vq->q.broken);
	if (bind_channels(vq, prefix))
		return -1;
	if (backend_watch(&vq->readable, vq->fd, EPOLLIN | EPOLLET, tap_readable, vq))
		return backend_fail(dev, "cannot watch the tap");
	return 0;
}

/* A front end need not have a control ring. */
static int connect_control(struct vif *v)
{
	uint32_t ref = 0, port = 0;

	v->ctrl_channel = NULL;
	if (backend_front_optional(v->dev, &ref, 1, UINT32_MAX, "ctrl-ring-ref"))
		return -1;
	if (!ref)
		return 0;
	if (backend_front_number(v->dev, &port, 1, PORT_MAX, "event-channel-ctrl"))
		return -1;
	v->ctrl.q = &v->queue[0].q;
	v->ctrl.queues = v->queues;
	v->ctrl.ring = backend_map_ring(v->dev, &ref, 1);
	if (!v->ctrl.ring)
		return -1;
	if (ctrl_start(&v->ctrl))
		return backend_fail(v->dev, "%s", v->ctrl.q->broken);
	v->ctrl_channel = backend_bind(v->dev, port, control, v);
	return v->ctrl_channel ? 0 : -1;
}

static int vif_connect(struct backend_device *dev)
{
	struct vif *v = dev->own;
	uint32_t queues = 1, i;

	if (backend_front_optional(dev, &queues, 1, v->fds, "multi-queue-num-queues") ||
		read_features(v))
		return -1;
	read_rate(v);
	for (i = 0; i < queues; i++) {
		if (connect_queue(v, i, queues))
			return -1;
		v->queues = v->f.queues = i + 1;
		v->f.queue[i] = &v->queue[i].q;
	}
	if (connect_control(v))
		return -1;
	if (tap_connect(v))
		return backend_fail(dev, "the tap: %s", strerror(errno));
	/* An event that our predecessor owed is sent now. */
	if (dev->resuming && v->ctrl_channel)
		backend_notify(v->ctrl_channel);
	for (i = 0; dev->resuming && i < queues; i++) {
		backend_notify(v->queue[i].tx);
		if (v->queue[i].rx != v->queue[i].tx)
			backend_notify(v->queue[i].rx);
	}
	return 0;
}

static bool vif_disconnect(struct backend_device *dev)
{
	struct vif *v = dev->own;
	unsigned int i;

	for (i = 0; i < v->fds; i++)
		backend_unwatch(&v->queue[i].readable);
	v->timer = sd_event_source_disable_unref(v->timer);
	tap_disconnect(v);
	v->queues = v->f.queues = 0;
	return true;
}

static void vif_destroy(struct backend_device *dev)
{
	struct vif *v = dev->own;
	unsigned int i;

	for (i = 0; v && i < v->fds; i++)
		close(v->queue[i].fd);
	free(v);
}

static void vif_statistics(struct backend_device *dev, struct text *t)
{
	struct vif *v = dev->own;
	unsigned int i;

	for (i = 0; i < v->queues; i++) {
		const struct queue_stats *s = &v->queue[i].q.stats;
		const struct {
			const char *name;
			uint64_t value;
		} line[] = {
			{ "tx_packets", s->tx_packets },
			{ "tx_bytes", s->tx_bytes },
			{ "tx_dropped", s->tx_dropped },
			{ "tx_batches", s->tx_batches },
			{ "rx_packets", s->rx_packets },
			{ "rx_bytes", s->rx_bytes },
			{ "rx_dropped", s->rx_dropped },
			{ "rx_batches", s->rx_batches },
			{ "notifications", s->notifications },
			{ "wakeups", s->wakeups },
		};

		for (size_t k = 0; k < sizeof(line) / sizeof(line[0]); k++)
			text_add(t, "queue%u_%s %" PRIu64 "\n", i, line[k].name, line[k].value);
	}
}

static void vif_changed(struct backend_device *dev, const char *name)
{
	struct vif *v = dev->own;

	if (!strcmp(name, "rate") && v->queues) {
		read_rate(v);
		rate_over(NULL, 0, v);
	}
}

_Static_assert(sizeof(struct vif_memory) <= BACKEND_MEMORY_UVIF, "it is allocated");

static const int syscalls[] = { SCMP_SYS(io_uring_enter), -1 };

static const struct backend_ops ops = {
	.program = "netback",
	.kind = "uvif",
	.memory = sizeof(struct vif_memory),
	.start = vif_start,
	.create = vif_create,
	.probe = vif_probe,
	.connect = vif_connect,
	.disconnect = vif_disconnect,
	.destroy = vif_destroy,
	.statistics = vif_statistics,
	.changed = vif_changed,
	.syscalls = syscalls,
};

int main(int argc, char **argv)
{
	return backend_main(argc, argv, &ops);
}
