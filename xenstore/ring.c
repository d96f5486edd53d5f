/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client behind a domain's ring; see ring.h. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "loop.h"
#include "report.h"
#include "store.h"

#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* The other side is another CPU's guest: order as the interface wants it. */
static inline void ring_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void ring_stop(struct conn *c, uint32_t why)
{
	struct ring *r = c->ring;

	if (!r->stopped)
		report("domain %u: its ring is stopped, error %u", c->dom->domid, why);
	r->stopped = true;
	r->notify = true;
	WRITE_ONCE(r->link.page->error, why);
}

static ssize_t ring_send(struct conn *c, const void *buf, size_t len)
{
	struct ring *r = c->ring;
	struct xenstore_domain_interface *page = r->link.page;
	uint32_t used = r->out_pos - READ_ONCE(page->rsp_cons);
	uint32_t at = MASK_XENSTORE_IDX(r->out_pos), first;

	if (r->stopped)
		return 0;
	if (used > XENSTORE_RING_SIZE) {
		ring_stop(c, XENSTORE_ERROR_RINGIDX);
		return 0;
	}
	ring_barrier();
	if (len > XENSTORE_RING_SIZE - used)
		len = XENSTORE_RING_SIZE - used;
	first = len < XENSTORE_RING_SIZE - at ? (uint32_t)len : XENSTORE_RING_SIZE - at;
	memcpy(page->rsp + at, buf, first);
	memcpy(page->rsp, (const char *)buf + first, len - first);
	ring_barrier();
	r->out_pos += (uint32_t)len;
	WRITE_ONCE(page->rsp_prod, r->out_pos);
	if (len)
		r->notify = true;
	return (ssize_t)len;
}

static void ring_close(struct conn *c)
{
	c->dom->conn = NULL;
	if (c->ring->link.page)
		link_unmap(c->store->link, &c->ring->link);
	free(c->ring);
}

static const struct conn_ops ring_ops = { .send = ring_send, .close = ring_close };

int ring_restore(struct store *s, struct domain *d, uint64_t id, uint32_t in_pos, uint32_t out_pos)
{
	struct ring *r = calloc(1, sizeof(*r));
	struct conn *c = r ? conn_new(s, &ring_ops, d) : NULL;

	if (!c) {
		free(r);
		return ENOMEM;
	}
	r->in_pos = in_pos;
	r->out_pos = out_pos;
	c->ring = r;
	c->is_ring = true;
	if (id)
		c->id = id;
	d->conn = c;
	return 0;
}

int ring_connect(struct conn *c)
{
	struct ring *r = c->ring;
	const struct domain *d = c->dom;
	int err = link_map(c->store->link, d->domid, d->ring, d->remote_port, &r->link);

	if (err) {
		r->link.page = NULL;
		return err;
	}
	WRITE_ONCE(r->link.page->server_features,
		XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
	r->notify = true;
	conn_make_ready(c);
	return 0;
}

int ring_open(struct store *s, struct domain *d)
{
	int err = ring_restore(s, d, 0, 0, 0);

	if (err)
		return err;
	err = ring_connect(d->conn);
	if (err) {
		conn_close(d->conn);
		return err;
	}
	d->conn->ring->in_pos = READ_ONCE(d->conn->ring->link.page->req_cons);
	d->conn->ring->out_pos = READ_ONCE(d->conn->ring->link.page->rsp_prod);
	return 0;
}

/* Copy `len` bytes of requests out of the page. */
static void copy_requests(const struct ring *r, char *out, uint32_t len)
{
	uint32_t at = MASK_XENSTORE_IDX(r->in_pos);
	uint32_t first = len < XENSTORE_RING_SIZE - at ? len : XENSTORE_RING_SIZE - at;

	memcpy(out, r->link.page->req + at, first);
	memcpy(out + first, r->link.page->req, len - first);
}

static void consume(struct ring *r, uint32_t len)
{
	ring_barrier();
	r->in_pos += len;
	WRITE_ONCE(r->link.page->req_cons, r->in_pos);
	if (len)
		r->notify = true;
}

/* A request that is not whole in the ring, or longer than it, is collected in c->in. */
static bool collect(struct conn *c, uint32_t len)
{
	char *room = buffer_room(&c->in, len);

	if (!room)
		return false;
	copy_requests(c->ring, room, len);
	journal_input(c->store->journal, c, room, len);
	journal_commit(c->store->journal);
	buffer_add(&c->in, len);
	consume(c->ring, len);
	return true;
}

static void serve_collected(struct conn *c, uint32_t *turn)
{
	uint32_t used = (uint32_t)conn_input(c, c->in.data + c->in.head, c->in.len, turn);

	if (used)
		buffer_take(&c->in, used);
}

static void ring_read(struct conn *c)
{
	struct ring *r = c->ring;
	char copy[XENSTORE_RING_SIZE];
	uint32_t turn = domain_is_privileged(c->dom) ? CONN_TURN : GUEST_TURN, used,
		 len = READ_ONCE(r->link.page->req_prod) - r->in_pos;

	if (len > XENSTORE_RING_SIZE) {
		ring_stop(c, XENSTORE_ERROR_RINGIDX);
		return;
	}
	ring_barrier();
	if (c->in.len) {
		if (len && c->in.len < MESSAGE_MAX)
			collect(c, len);
		serve_collected(c, &turn);
	} else if (len) {
		copy_requests(r, copy, len);
		used = (uint32_t)conn_input(c, copy, len, &turn);
		consume(r, used);
		/* The start of a message is taken too: Linux's xenbus tells of what it adds only
		 * when all before it had been taken (xb_write). */
		if (used < len && turn && !c->held && conn_may_read(c))
			collect(c, len - used);
	}
	if (!turn)
		conn_make_ready(c);
}

void ring_forget(struct conn *c)
{
	quota_release(c->dom, QUOTA_MEMORY, c->out.len);
	buffer_free(&c->in);
	buffer_free(&c->out);
	c->replies = 0;
	c->broken = c->lost_events = false;
	c->ring->stopped = false;
	c->ring->in_pos = c->ring->out_pos = 0;
}

void ring_reset(struct conn *c)
{
	struct ring *r = c->ring;

	transaction_drop_all(c);
	watch_remove_all(c->store, c);
	ring_forget(c);
	memset(r->link.page, 0, offsetof(struct xenstore_domain_interface, server_features));
	WRITE_ONCE(r->link.page->error, XENSTORE_ERROR_NONE);
	journal_reset(c->store->journal, c, true);
	journal_commit(c->store->journal);
	ring_barrier();
	WRITE_ONCE(r->link.page->connection, XENSTORE_CONNECTED);
	r->notify = true;
}

void ring_turn(struct conn *c)
{
	struct ring *r = c->ring;
	bool could;

	if (READ_ONCE(r->link.page->connection) == XENSTORE_RECONNECT)
		ring_reset(c);
	if (!r->stopped && !c->broken && conn_may_read(c))
		ring_read(c);
	if (c->broken && !r->stopped)
		ring_stop(c, XENSTORE_ERROR_PROTO);
	could = conn_may_read(c);
	conn_flush(c);
	/* What came while we took the rest was not told of; nor is that we may read again. */
	ring_barrier();
	if (!r->stopped && !c->held && conn_may_read(c) &&
		(!could || READ_ONCE(r->link.page->req_prod) != r->in_pos))
		conn_make_ready(c);
	if (r->notify) {
		r->notify = false;
		link_notify(c->store->link, &r->link);
	}
}

void ring_event(struct store *s, int port)
{
	list_for_each (l, &s->conns) {
		struct conn *c = list_entry(l, struct conn, all);

		if (c->is_ring && c->ring->link.port == port) {
			conn_make_ready(c);
			return;
		}
	}
}

bool ring_recover(struct conn *c)
{
	struct ring *r = c->ring;
	uint32_t first = r->out_pos, told = READ_ONCE(r->link.page->rsp_prod) - first;

	if (told > c->out.len) {
		ring_stop(c, XENSTORE_ERROR_RINGIDX);
		return false;
	}
	quota_release(c->dom, QUOTA_MEMORY, told);
	r->out_pos += told;
	if (told)
		buffer_take(&c->out, told);
	WRITE_ONCE(r->link.page->req_cons, r->in_pos);
	r->notify = true;
	conn_make_ready(c);
	return true;
}
