/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front end's frames to the tap. A turn takes what is on the ring in four steps: take the
 * requests apart into packets, copy all their data in one batch, hand each packet to the tap,
 * answer all. A packet is described by requests (grant, offset, size), the first one's size being
 * the whole packet's, and extra infos after the first. ABI: "Guest transmit" in <xen/io/netif.h>.
 */
#include "netback/queue.h"

#include <errno.h>
#include <string.h>

#include "netback/packet.h"
#include "netback/slots.h"

/* The first piece is put behind room for the header, so that a small frame is one piece. */
#define HEAD	16u
#define ETH_LEN 14u

_Static_assert(HEAD >= NET_HDR, "the virtio header before the first piece");

/* What is left to be taken of the ring, as it was when the turn began. */
struct cursor {
	uint32_t at, end;
};

static bool next_slot(struct queue *q, struct cursor *c, void *slot, int16_t status)
{
	netif_tx_request_t *r = slot;
	struct scratch *s = q->s;

	if (c->at == c->end) {
		queue_break(q, "a transmitted packet ends before its last slot");
		return false;
	}
	slot_read(slot, ring_slot(q->tx, c->at++), sizeof(netif_tx_request_t));
	s->answer[s->answers].id = r->id;
	s->answer[s->answers++].status = status;
	return true;
}

static void multicast(struct queue *q, const struct tx_packet *p, const netif_extra_info_t *e)
{
	struct mcast *m = q->f->mcast;
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (!memcmp(m->address[i], e->u.mcast.addr, 6))
			break;
	if (e->type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL) {
		if (i < m->count)
			memmove(m->address[i], m->address[--m->count], 6);
	} else if (i == MCAST_MAX) {
		q->s->answer[p->slot].status = NETIF_RSP_ERROR;
	} else if (i == m->count) {
		memcpy(m->address[i], e->u.mcast.addr, 6);
		m->count++;
	}
}

static bool take_gso(struct queue *q, struct tx_packet *p, const netif_extra_info_t *e)
{
	if (e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 && e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
		queue_break(q, "segmentation type %u is unknown", e->u.gso.type);
	else if (!e->u.gso.size)
		queue_break(q, "segments of size 0");
	p->gso_type = e->u.gso.type;
	p->gso_size = e->u.gso.size;
	return !*q->broken;
}

/* The extra infos of a packet. True: it carries data; a multicast request does not. */
static bool take_extras(struct queue *q, struct cursor *c, struct tx_packet *p)
{
	bool data = true, first = true;
	netif_extra_info_t e;
	netif_tx_request_t raw;

	do {
		if (!next_slot(q, c, &raw, NETIF_RSP_NULL))
			return false;
		memcpy(&e, &raw, sizeof(e));
		switch (e.type) {
		case XEN_NETIF_EXTRA_TYPE_GSO:
			if (!take_gso(q, p, &e))
				return false;
			break;
		case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
		case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
			if (!first || e.flags & XEN_NETIF_EXTRA_FLAG_MORE) {
				queue_break(q, "a multicast request among other extra infos");
				return false;
			}
			multicast(q, p, &e);
			data = false;
			break;
		case XEN_NETIF_EXTRA_TYPE_HASH: break;
		default: queue_break(q, "extra info of type %u is unknown", e.type); return false;
		}
		first = false;
	} while (e.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return data;
}

/* Where the data of one request goes, and the copy that brings it there. */
static void add_piece(struct queue *q, const netif_tx_request_t *r, uint32_t size, bool first)
{
	struct scratch *s = q->s;
	struct iovec *v = &s->piece[s->pieces];
	grant_segment *g = &s->seg[s->segs];

	v->iov_base = s->tx_pages.at + s->pieces++ * NET_PAGE;
	v->iov_len = size;
	if (first && size <= NET_PAGE - HEAD)
		v->iov_base = (uint8_t *)v->iov_base + HEAD;
	if (!size)
		return;
	g->source.foreign.ref = r->gref;
	g->source.foreign.offset = r->offset;
	g->source.foreign.domid = q->domid;
	g->len = size;
	g->flags = GNTCOPY_source_gref |
		   backend_pages_end(&s->tx_pages, &g->dest, v->iov_base, GNTCOPY_dest_gref);
	s->segs++;
}

static bool take_pieces(
	struct queue *q, struct cursor *c, struct tx_packet *p, const netif_tx_request_t *head)
{
	netif_tx_request_t r[TX_PIECES];
	uint32_t rest = head->size, size;
	unsigned int n, i;

	r[0] = *head;
	for (n = 1; r[n - 1].flags & NETTXF_more_data; n++) {
		if (n == TX_PIECES) {
			queue_break(q, "a transmitted packet of more than %u pieces", TX_PIECES);
			return false;
		}
		if (!next_slot(q, c, &r[n], NETIF_RSP_OKAY))
			return false;
		if (r[n].size > rest) {
			queue_break(q, "pieces of %u bytes and more in a packet of %u", r[n].size,
				head->size);
			return false;
		}
		rest -= r[n].size;
	}
	p->piece = q->s->pieces;
	p->pieces = n;
	for (i = 0; i < n; i++) {
		size = i ? r[i].size : rest;
		if (r[i].offset + size > NET_PAGE) {
			queue_break(q, "%u bytes at offset %u of a page", size, r[i].offset);
			return false;
		}
		add_piece(q, &r[i], size, !i);
	}
	return true;
}

/* One packet off the ring, unless it breaks the queue. */
static void take_packet(struct queue *q, struct cursor *c)
{
	struct scratch *s = q->s;
	struct tx_packet *p = &s->packet[s->packets];
	netif_tx_request_t head;

	memset(p, 0, sizeof(*p));
	p->slot = s->answers;
	if (!next_slot(q, c, &head, NETIF_RSP_OKAY))
		return;
	p->flags = head.flags;
	p->length = head.size;
	if (head.flags & NETTXF_extra_info && !take_extras(q, c, p))
		return;
	if (!take_pieces(q, c, p, &head))
		return;
	s->packets++;
	s->bytes += p->length;
	if (p->length >= ETH_LEN)
		return;
	s->answer[p->slot].status = NETIF_RSP_ERROR;
	p->length = 0;
}

/* The headers of a packet in one piece: at least 128 bytes of it when it has as many. */
static const uint8_t *headers(
	const struct iovec *piece, unsigned int pieces, uint8_t *room, size_t *len)
{
	size_t n = 0, part;
	unsigned int i;

	*len = piece->iov_len;
	if (pieces == 1 || *len >= 128)
		return piece->iov_base;
	for (i = 0; i < pieces && n < PACKET_HEADERS + 64; i++, n += part) {
		part = piece[i].iov_len;
		if (part > PACKET_HEADERS + 64 - n)
			part = PACKET_HEADERS + 64 - n;
		memcpy(room + n, piece[i].iov_base, part);
	}
	*len = n;
	return room;
}

/* Put the pseudo header's sum where it belongs, in whichever piece. */
static void set_pseudo(struct iovec *piece, unsigned int pieces, uint8_t *copy, size_t frame,
	const struct packet_sum *sum)
{
	size_t at = sum->start + sum->offset, begin = 0;
	unsigned int i;

	packet_set_pseudo(copy, frame, sum);
	for (i = 0; i < pieces; begin += piece[i++].iov_len) {
		if (at >= begin && at < begin + piece[i].iov_len)
			((uint8_t *)piece[i].iov_base)[at - begin] = copy[at];
		if (at + 1 >= begin && at + 1 < begin + piece[i].iov_len)
			((uint8_t *)piece[i].iov_base)[at + 1 - begin] = copy[at + 1];
	}
}

/*
 * The header that tells the kernel what is still to be done to a frame. False: the frame says it
 * has a checksum to be filled in, and has none.
 */
static bool make_header(struct scratch *s, const struct tx_packet *p, struct virtio_net_hdr *h)
{
	uint8_t room[PACKET_HEADERS + 64];
	struct iovec *piece = &s->piece[p->piece];
	struct packet_sum sum;
	const uint8_t *bytes;
	size_t len;

	memset(h, 0, sizeof(*h));
	if (!p->gso_size && !(p->flags & NETTXF_csum_blank))
		return true;
	bytes = headers(piece, p->pieces, room, &len);
	if (!packet_find_sum(bytes, len, &sum))
		return false;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = sum.start;
	h->csum_offset = sum.offset;
	if (!p->gso_size)
		return true;
	if (sum.protocol != 6 || sum.version != (p->gso_type == XEN_NETIF_GSO_TYPE_TCPV4 ? 4 : 6))
		return false;
	h->gso_type = sum.version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	h->gso_size = p->gso_size;
	h->hdr_len = sum.start + sum.transport;
	if (!(p->flags & NETTXF_csum_blank)) {
		if (bytes != room)
			memcpy(room, bytes, len < sizeof(room) ? len : sizeof(room));
		set_pseudo(piece, p->pieces, room, p->length, &sum);
	}
	return true;
}

/* Describe a packet to the tap: its header before its first piece if there is room, or apart. */
static void add_frame(struct queue *q, const struct tx_packet *p)
{
	struct scratch *s = q->s;
	struct iovec *piece = &s->piece[p->piece], *v = &s->iov[s->iovs];
	struct net_frame *f = &s->frame[s->frames];
	struct virtio_net_hdr *h = &s->header[s->frames];
	uint8_t *first = piece->iov_base;
	bool before = (uintptr_t)first % NET_PAGE;

	rate_take(&q->f->rate, p->length);
	if (!make_header(s, p, h)) {
		q->stats.tx_dropped++;
		return;
	}
	f->iov = v;
	f->count = p->pieces + !before;
	memcpy(v + !before, piece, p->pieces * sizeof(*v));
	if (before) {
		memcpy(first - NET_HDR, h, NET_HDR);
		v->iov_base = first - NET_HDR;
		v->iov_len += NET_HDR;
	} else {
		v->iov_base = h;
		v->iov_len = NET_HDR;
	}
	s->iovs += f->count;
	s->frames++;
}

static void send_all(struct queue *q)
{
	struct scratch *s = q->s;
	unsigned int i;

	for (i = 0; i < s->packets; i++)
		if (s->packet[i].length)
			add_frame(q, &s->packet[i]);
	if (s->frames)
		q->ops->send(q, s->frame, s->frames);
	for (i = 0; i < s->frames; i++) {
		if (s->frame[i].result < 0) {
			q->stats.tx_dropped++;
			continue;
		}
		q->stats.tx_packets++;
		q->stats.tx_bytes += s->frame[i].result - NET_HDR;
	}
}

static bool copy_all(struct queue *q)
{
	struct scratch *s = q->s;
	unsigned int i;

	if (s->segs && q->ops->copy(q, s->seg, s->segs)) {
		queue_break(q, "copying %u pieces: %s", s->segs, strerror(errno));
		return false;
	}
	for (i = 0; i < s->segs; i++)
		if (s->seg[i].status != GNTST_okay) {
			queue_break(q, "transmit: grant %u cannot be read (status %d)",
				s->seg[i].source.foreign.ref, s->seg[i].status);
			return false;
		}
	return true;
}

static void answer_all(struct queue *q)
{
	struct scratch *s = q->s;
	netif_tx_response_t *to;
	uint32_t old = q->tx_cons;
	unsigned int i;

	for (i = 0; i < s->answers; i++) {
		to = &ring_slot(q->tx, q->tx_cons + i)->rsp;
		slot_write(to, &s->answer[i], sizeof(*to));
	}
	q->tx_cons += s->answers;
	if (slots_publish(&q->tx->rsp_prod, &q->tx->rsp_event, old, q->tx_cons)) {
		q->stats.notifications++;
		q->ops->notify(q, q->tx_port);
	}
}

/* Room for one more packet of any form in the batch. */
static bool room_left(const struct scratch *s)
{
	return s->pieces + TX_PIECES <= NET_SLOTS;
}

/* The bucket is not empty yet after the packets of the batch. */
static bool within_rate(const struct net_features *f, const struct scratch *s)
{
	return !f->rate.bytes || s->bytes < (uint64_t)f->rate.tokens;
}

enum turn tx_turn(struct queue *q)
{
	struct scratch *s = q->s;
	struct cursor c = { .at = q->tx_cons, .end = slot_load(&q->tx->req_prod) };

	s->segs = s->pieces = s->packets = s->answers = s->bytes = s->iovs = s->frames = 0;
	if (c.end - c.at > NET_SLOTS)
		queue_break(q, "transmit ring: %u requests at once", c.end - c.at);
	if (!*q->broken && c.at == c.end)
		c.end = slots_arm(&q->tx->req_event, &q->tx->req_prod, c.at + 1);
	if (!*q->broken && c.at == c.end)
		return TURN_IDLE;
	if (!*q->broken && !rate_open(&q->f->rate, q->f->rate.bytes ? q->ops->now(q) : 0))
		return TURN_WAIT;
	if (c.end - c.at > NET_SLOTS)
		queue_break(q, "transmit ring: %u requests at once", c.end - c.at);
	while (!*q->broken && c.at != c.end && room_left(s) && within_rate(q->f, s))
		take_packet(q, &c);
	if (*q->broken || !copy_all(q))
		return TURN_BROKEN;
	send_all(q);
	q->stats.tx_batches++;
	answer_all(q);
	return TURN_MORE;
}
