/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap's frames to the front end. A frame is taken from the tap only when there are receive
 * slots for the largest one, so that the tap's queue, not this process, holds what does not fit.
 * It is read so that its data begin on a page of ours and each of its pages is one copy to one
 * slot; several are read at once. Answers lie in the slots of their requests; the extra info takes
 * the second one. ABI: "Guest receive" in <xen/io/netif.h>.
 */
#include "netback/queue.h"

#include <errno.h>
#include <string.h>

#include "netback/packet.h"
#include "netback/slots.h"

#define ETH_LEN 14u

/* Slots that the next frame may need. */
static uint32_t need(const struct queue *q)
{
	return (q->f->sg ? RX_NEED : 1) + hash_on(q->f->hash);
}

/* A multicast frame that the front end did not ask for. */
static bool unwanted(const struct net_features *f, const uint8_t *p)
{
	unsigned int i;

	if (!f->mcast_control || !(p[0] & 1) || !memcmp(p, "\xff\xff\xff\xff\xff\xff", 6))
		return false;
	for (i = 0; i < f->mcast->count; i++)
		if (!memcmp(f->mcast->address[i], p, 6))
			return false;
	return true;
}

/*
 * Complete the checksum here when the front end cannot; Linux's looks for it behind an untagged
 * header only. False: the frame is not to be delivered. */
static bool settle_sum(const struct net_features *f, struct virtio_net_hdr *h, uint8_t *p, size_t n)
{
	struct packet_sum sum;

	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
		(f->csum4 && f->csum6 && !packet_tagged(p)))
		return true;
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE &&
		(packet_tagged(p) || !packet_find_sum(p, n, &sum) ||
			!(sum.version == 4 ? f->csum4 : f->csum6))) {
		h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
		return packet_fill_sum(p, n, h->csum_start, h->csum_offset);
	}
	return true;
}

/* What the tap was told, or is told now, not to send to such a front end. */
static bool wrong_form(
	struct net_features *f, const struct virtio_net_hdr *h, const uint8_t *p, size_t n)
{
	if (n < ETH_LEN || (!f->sg && n > NET_PAGE))
		return true;
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE && packet_tagged(p)) {
		f->tagged_gso = true;
		return true;
	}
	switch (h->gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE: return false;
	case VIRTIO_NET_HDR_GSO_TCPV4: return !f->gso4 || !h->gso_size;
	case VIRTIO_NET_HDR_GSO_TCPV6: return !f->gso6 || !h->gso_size;
	default: return true;
	}
}

/* What is told of a frame beside its data. */
struct frame_hash {
	uint32_t type, value; /* type 0: none */
};

static void add_answer(struct queue *q, const void *answer)
{
	memcpy(&q->s->rx_answer[q->s->answers++], answer, sizeof(netif_rx_response_t));
}

static void add_gso(struct queue *q, const struct virtio_net_hdr *h, bool more)
{
	netif_extra_info_t e = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	e.flags = more ? XEN_NETIF_EXTRA_FLAG_MORE : 0;
	e.u.gso.size = h->gso_size;
	e.u.gso.type = h->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
							       : XEN_NETIF_GSO_TYPE_TCPV6;
	add_answer(q, &e);
}

static void add_hash(struct queue *q, const struct frame_hash *hash)
{
	netif_extra_info_t e = { .type = XEN_NETIF_EXTRA_TYPE_HASH };

	/* The types' numbers, of which one bit is set. */
	e.u.hash.type = __builtin_ctz(hash->type);
	e.u.hash.algorithm = XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
	memcpy(e.u.hash.value, &hash->value, 4);
	add_answer(q, &e);
}

/* The copies and answers of one frame of n bytes at p. */
static void add_frame(struct queue *q, const struct virtio_net_hdr *h,
	const struct frame_hash *hash, uint8_t *p, size_t n)
{
	struct scratch *s = q->s;
	netif_rx_response_t a = { .flags = 0 };
	netif_rx_request_t r;
	grant_segment *g;
	bool gso = h->gso_type != VIRTIO_NET_HDR_GSO_NONE, first = true;

	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		a.flags = NETRXF_csum_blank | NETRXF_data_validated;
	else if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		a.flags = NETRXF_data_validated;
	if (gso || hash->type)
		a.flags |= NETRXF_extra_info;
	for (; n; n -= a.status, p += a.status) {
		slot_read(&r, ring_slot(q->rx, q->rx_cons + s->answers), sizeof(r));
		a.id = r.id;
		a.status = n < NET_PAGE ? n : NET_PAGE;
		if (n > NET_PAGE)
			a.flags |= NETRXF_more_data;
		else
			a.flags &= ~NETRXF_more_data;
		g = &s->seg[s->segs++];
		g->dest.foreign.ref = r.gref;
		g->dest.foreign.offset = 0;
		g->dest.foreign.domid = q->domid;
		g->len = a.status;
		g->flags = GNTCOPY_dest_gref |
			   backend_pages_end(&s->rx_pages, &g->source, p, GNTCOPY_source_gref);
		add_answer(q, &a);
		if (first && gso)
			add_gso(q, h, hash->type);
		if (first && hash->type)
			add_hash(q, hash);
		first = false;
		a.flags = 0;
	}
}

/* A frame that came, for the queue q. */
static void take_frame(struct queue *q, const struct rx_frame *f, const struct frame_hash *hash)
{
	uint8_t *p = f->at + NET_HDR;
	ssize_t n = f->bytes - (ssize_t)NET_HDR;
	struct virtio_net_hdr h;

	memcpy(&h, f->at, NET_HDR);
	if (n <= 0 || wrong_form(q->f, &h, p, n) || !settle_sum(q->f, &h, p, n)) {
		q->stats.rx_dropped++;
		return;
	}
	if (unwanted(q->f, p))
		return;
	add_frame(q, &h, hash, p, n);
	q->stats.rx_packets++;
	q->stats.rx_bytes += n;
}

/* Is there room for the largest frame behind those of the batch? */
static bool room_behind(const struct scratch *s)
{
	return s->rx_frames < RX_BATCH && s->rx_page + RX_FRAME <= RX_PAGES;
}

/*
 * The tap's next frame behind those of the batch: its data begin on a page, and its header fits
 * before them behind the end of the last frame. NULL: the tap has no more.
 */
static struct rx_frame *receive(struct queue *q)
{
	struct scratch *s = q->s;
	struct rx_frame *f = &s->rx[s->rx_frames];

	f->at = s->rx_pages.at + s->rx_page * NET_PAGE - NET_HDR;
	f->bytes = q->ops->receive(q, f->at, NET_HDR + NET_FRAME);
	if (f->bytes < 0)
		return NULL;
	s->rx_frames++;
	s->rx_page += (f->bytes + NET_PAGE - 1) / NET_PAGE;
	return f;
}

/*
 * Take frames while there is room for the largest one in `avail` slots of the ring. True: the tap
 * has no more.
 */
static bool take_frames(struct queue *q, uint32_t avail)
{
	struct scratch *s = q->s;
	const struct frame_hash none = { 0 };
	const struct rx_frame *f;

	while (avail - s->answers >= need(q) && room_behind(s)) {
		f = receive(q);
		if (!f)
			return true;
		take_frame(q, f, &none);
	}
	return false;
}

static bool deliver(struct queue *q)
{
	struct scratch *s = q->s;
	uint32_t old = q->rx_cons;
	unsigned int i;

	if (q->ops->copy(q, s->seg, s->segs)) {
		queue_break(q, "copying %u pages: %s", s->segs, strerror(errno));
		return false;
	}
	for (i = 0; i < s->segs; i++)
		if (s->seg[i].status != GNTST_okay) {
			queue_break(q, "receive: grant %u cannot be written (status %d)",
				s->seg[i].dest.foreign.ref, s->seg[i].status);
			return false;
		}
	for (i = 0; i < s->answers; i++)
		slot_write(ring_slot(q->rx, q->rx_cons + i), &s->rx_answer[i],
			sizeof(netif_rx_response_t));
	q->rx_cons += s->answers;
	q->stats.rx_batches++;
	if (slots_publish(&q->rx->rsp_prod, &q->rx->rsp_event, old, q->rx_cons)) {
		q->stats.notifications++;
		q->ops->notify(q, q->rx_port);
	}
	return true;
}

/* How many slots a queue has; when those are too few for a frame its event is armed. */
static uint32_t slots_there(struct queue *q)
{
	uint32_t avail = slot_load(&q->rx->req_prod) - q->rx_cons;

	if (avail < need(q))
		avail = slots_arm(&q->rx->req_event, &q->rx->req_prod, q->rx_cons + need(q)) -
			q->rx_cons;
	if (avail > NET_SLOTS)
		queue_break(q, "receive ring: %u requests at once", avail);
	return *q->broken ? 0 : avail;
}

/* Frames for which there is room in each queue of the interface. */
static unsigned int room_in_all(struct queue *q)
{
	unsigned int room = RX_BATCH, i, n;
	struct queue *to;

	for (i = 0; i < q->f->queues && room; i++) {
		to = q->f->queue[i];
		n = slots_there(to) / need(to);
		if (*to->broken)
			queue_break(q, "%s", to->broken);
		if (n < room)
			room = n;
	}
	return room;
}

/* Where the front end wants a frame: a queue's number; this one where it has not said. */
static unsigned int choose(
	struct queue *q, const struct rx_frame *f, unsigned int mine, struct frame_hash *hash)
{
	*hash = (struct frame_hash){ 0 };
	if (f->bytes > (ssize_t)NET_HDR)
		hash->type =
			hash_frame(q->f->hash, f->at + NET_HDR, f->bytes - NET_HDR, &hash->value);
	return hash->type ? hash_queue(q->f->hash, hash->value, q->f->queues) : mine;
}

/* Frames of this queue of the tap to the queues they hash to, one queue after the other. */
static enum turn spread_turn(struct queue *q)
{
	struct frame_hash hash[RX_BATCH];
	unsigned int to[RX_BATCH], room = room_in_all(q), mine = 0, i, k;
	struct scratch *s = q->s;
	bool empty = false;

	if (*q->broken)
		return TURN_BROKEN;
	if (!room)
		return TURN_IDLE;
	while (q->f->queue[mine] != q)
		mine++;
	while (!empty && s->rx_frames < room && room_behind(s))
		empty = !receive(q);
	for (i = 0; i < s->rx_frames; i++)
		to[i] = choose(q, &s->rx[i], mine, &hash[i]);
	for (k = 0; k < q->f->queues; k++) {
		s->segs = s->answers = 0;
		for (i = 0; i < s->rx_frames; i++)
			if (to[i] == k)
				take_frame(q->f->queue[k], &s->rx[i], &hash[i]);
		if (s->answers && !deliver(q->f->queue[k])) {
			queue_break(q, "%s", q->f->queue[k]->broken);
			return TURN_BROKEN;
		}
	}
	return empty ? TURN_IDLE : TURN_MORE;
}

enum turn rx_turn(struct queue *q)
{
	struct scratch *s = q->s;
	uint32_t avail;
	bool empty;

	s->segs = s->answers = s->rx_frames = 0;
	s->rx_page = 1;
	if (hash_on(q->f->hash))
		return spread_turn(q);
	avail = slots_there(q);
	if (*q->broken)
		return TURN_BROKEN;
	if (avail < need(q))
		return TURN_IDLE;
	empty = take_frames(q, avail);
	if (s->answers && !deliver(q))
		return TURN_BROKEN;
	return empty ? TURN_IDLE : TURN_MORE;
}
