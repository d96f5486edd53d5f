/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front end and the tap in memory: see netback_fake.h. */
#include "tests/host/netback_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netback/slots.h"

bool fake_granted;

#define OWN_REF 100000u /* of our first granted page */

static void make_pages(struct backend_pages *p, unsigned int count)
{
	static uint32_t next = OWN_REF;

	p->count = count;
	p->at = aligned_alloc(NET_PAGE, (size_t)count * NET_PAGE);
	memset(p->at, 0, (size_t)count * NET_PAGE);
	p->refs = fake_granted ? malloc(count * sizeof(*p->refs)) : NULL;
	/* Not in order: a neighbour's reference is not the next number. */
	for (unsigned int i = 0; fake_granted && i < count; i++)
		p->refs[i] = next + (i ^ 1);
	next += count + 1;
}

void fake_free_pages(struct scratch *s)
{
	free(s->tx_pages.at);
	free(s->tx_pages.refs);
	free(s->rx_pages.at);
	free(s->rx_pages.refs);
}

/* Memory of ours that a copy may touch lies in the batch's pages, nowhere else. */
static void check_ours(const struct fake *f, const void *at, size_t len)
{
	const struct backend_pages *own[] = { &f->s.tx_pages, &f->s.rx_pages };
	const uint8_t *p = at;

	for (int i = 0; i < 2; i++)
		if (p >= own[i]->at && p + len <= own[i]->at + own[i]->count * NET_PAGE)
			return;
	abort();
}

/* Our end of a copy, by address or by reference. */
static void *ours_at(const struct fake *f, const union xengnttab_copy_ptr *end, bool by_ref)
{
	const struct backend_pages *own[] = { &f->s.tx_pages, &f->s.rx_pages };

	if (by_ref != fake_granted)
		abort();
	if (!by_ref)
		return end->virt;
	if (end->foreign.domid != DOMID_SELF)
		abort();
	for (int i = 0; i < 2; i++)
		for (unsigned int n = 0; n < own[i]->count; n++)
			if (own[i]->refs[n] == end->foreign.ref)
				return own[i]->at + n * NET_PAGE + end->foreign.offset;
	abort();
}

static int16_t copy_one(struct fake *f, const grant_segment *g)
{
	uint16_t flag = fake_granted ? GNTCOPY_source_gref | GNTCOPY_dest_gref : 0;
	bool out = g->flags == (GNTCOPY_source_gref | flag) &&
		   (!fake_granted || g->source.foreign.domid == f->q.domid);
	uint32_t ref = out ? g->source.foreign.ref : g->dest.foreign.ref;
	uint32_t offset = out ? g->source.foreign.offset : g->dest.foreign.offset;
	void *ours = ours_at(f, out ? &g->dest : &g->source, fake_granted);

	check_ours(f, ours, g->len);
	if ((uintptr_t)ours % NET_PAGE + g->len > NET_PAGE || offset + g->len > NET_PAGE)
		abort();
	if (ref >= FAKE_GRANTS || f->revoked[ref])
		return GNTST_bad_gntref;
	if (out)
		memcpy(ours, f->page[ref] + offset, g->len);
	else
		memcpy(f->page[ref] + offset, ours, g->len);
	return GNTST_okay;
}

static int copy(struct queue *q, grant_segment *segs, unsigned int count)
{
	struct fake *f = q->arg;
	unsigned int i;

	f->copies++;
	f->segments += count;
	errno = ENOMEM;
	if (f->copy_fails)
		return -1;
	for (i = 0; i < count; i++)
		segs[i].status = copy_one(f, &segs[i]);
	return 0;
}

static ssize_t send_one(struct fake *f, const struct iovec *iov, int count)
{
	struct fake_frame *frame = &f->sent[f->nsent];
	uint8_t all[20 * NET_PAGE];
	size_t n = 0;
	int i;

	for (i = 0; i < count; n += iov[i++].iov_len)
		memcpy(all + n, iov[i].iov_base, iov[i].iov_len);
	if (n < NET_HDR)
		abort();
	if (f->nsent == FAKE_FRAMES)
		return -1;
	memcpy(&frame->h, all, NET_HDR);
	frame->len = n - NET_HDR;
	frame->data = malloc(frame->len + 1);
	memcpy(frame->data, all + NET_HDR, frame->len);
	f->nsent++;
	return (ssize_t)n;
}

static void send_frames(struct queue *q, struct net_frame *frames, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		frames[i].result = send_one(q->arg, frames[i].iov, frames[i].count);
}

static ssize_t receive(struct queue *q, void *buf, size_t size)
{
	struct fake *f = q->arg;
	struct fake_frame *frame = &f->waiting[f->taken];

	check_ours(f, buf, size);
	f->receives++;
	if (f->taken == f->nwaiting)
		return -1;
	if (size < NET_HDR + frame->len)
		abort();
	memcpy(buf, &frame->h, NET_HDR);
	memcpy((uint8_t *)buf + NET_HDR, frame->data, frame->len);
	f->taken++;
	return (ssize_t)(NET_HDR + frame->len);
}

static void notify(struct queue *q, uint32_t port)
{
	((struct fake *)q->arg)->notified++;
}

static uint64_t now(struct queue *q)
{
	return ((struct fake *)q->arg)->now;
}

static const struct queue_ops ops = { copy, send_frames, receive, notify, now };

struct fake *fake_new(void)
{
	struct fake *f = aligned_alloc(4096, (sizeof(*f) + 4095) & ~4095ul);

	memset(f, 0, sizeof(*f));
	f->f = (struct net_features){ .sg = true, .gso4 = true, .gso6 = true, .csum4 = true };
	f->f.csum6 = true;
	f->f.mcast = &f->mcast;
	f->q.ops = &ops;
	f->q.arg = f;
	f->q.f = &f->f;
	f->q.s = &f->s;
	f->q.domid = 7;
	f->q.tx = &f->tx.ring;
	f->q.rx = &f->rx.ring;
	f->tx.ring.req_event = f->tx.ring.rsp_event = 1;
	f->rx.ring.req_event = f->rx.ring.rsp_event = 1;
	make_pages(&f->s.tx_pages, NET_SLOTS);
	make_pages(&f->s.rx_pages, RX_PAGES);
	if (queue_start(&f->q))
		abort();
	return f;
}

void fake_clear(struct fake *f)
{
	while (f->nsent)
		free(f->sent[--f->nsent].data);
	while (f->nwaiting)
		free(f->waiting[--f->nwaiting].data);
	f->taken = 0;
}

void fake_free(struct fake *f)
{
	fake_clear(f);
	fake_free_pages(&f->s);
	free(f);
}

void fake_request(
	struct fake *f, uint16_t id, uint32_t gref, uint16_t offset, uint16_t flags, uint16_t size)
{
	ring_slot(&f->tx.ring, f->tx_prod++)->req = (netif_tx_request_t){
		.gref = gref, .offset = offset, .flags = flags, .id = id, .size = size
	};
}

void fake_extra(struct fake *f, const netif_extra_info_t *e)
{
	memcpy(ring_slot(&f->tx.ring, f->tx_prod++), e, sizeof(*e));
}

bool fake_push(struct fake *f)
{
	uint32_t old = f->tx.ring.req_prod;

	f->tx.ring.req_prod = f->tx_prod;
	return f->tx_prod - f->tx.ring.req_event < f->tx_prod - old;
}

enum turn fake_run(struct fake *f)
{
	enum turn t;

	while ((t = tx_turn(&f->q)) == TURN_MORE)
		;
	if (t != TURN_IDLE)
		return t;
	while ((t = rx_turn(&f->q)) == TURN_MORE)
		;
	return t;
}

bool fake_buffers(struct fake *f, unsigned int n)
{
	uint32_t old = f->rx_prod;

	for (; n; n--, f->rx_prod++)
		ring_slot(&f->rx.ring, f->rx_prod)->req =
			(netif_rx_request_t){ .id = f->rx_prod % NET_SLOTS,
				.gref = 256 + f->rx_prod % NET_SLOTS };
	f->rx.ring.req_prod = f->rx_prod;
	return f->rx_prod - f->rx.ring.req_event < f->rx_prod - old;
}

void fake_arrive(struct fake *f, const struct virtio_net_hdr *h, const void *data, size_t len)
{
	struct fake_frame *frame = &f->waiting[f->nwaiting++];

	if (f->nwaiting > FAKE_FRAMES)
		abort();
	frame->h = h ? *h : (struct virtio_net_hdr){ 0 };
	frame->len = len;
	frame->data = malloc(len + 1);
	memcpy(frame->data, data, len);
}
