/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client; see conn.h. */
#include <errno.h> /* before xs_wire.h, whose table of errors needs it */

#include "conn.h"

#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "journal.h"
#include "report.h"
#include "request.h"
#include "store.h"
#include "transaction.h"
#include "watch.h"

/* Bytes of unread output beyond which events collapse into one for each watch; a domain also has
 * its memory quota. */
#define RING_OUT_MAX   (64u << 10)
#define SOCKET_OUT_MAX (4u << 20)
/* Bytes of unread output beyond which a socket's requests wait. */
#define SOCKET_OUT_WAIT (64u << 10)

char *buffer_room(struct buffer *b, uint32_t len)
{
	uint32_t cap = b->cap ? b->cap : 512;
	char *data;

	if (b->head + b->len + len <= b->cap)
		return b->data + b->head + b->len;
	if (b->len + len <= b->cap && b->head >= b->cap / 2) {
		memmove(b->data, b->data + b->head, b->len);
		b->head = 0;
		return b->data + b->len;
	}
	while (cap < b->len + len)
		cap *= 2;
	data = malloc(cap);
	if (!data)
		return NULL;
	if (b->len)
		memcpy(data, b->data + b->head, b->len);
	free(b->data);
	b->data = data;
	b->head = 0;
	b->cap = cap;
	return data + b->len;
}

void buffer_take(struct buffer *b, uint32_t len)
{
	b->head += len;
	b->len -= len;
	if (b->len)
		return;
	b->head = 0;
	if (b->cap > 16384)
		buffer_free(b);
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

struct conn *conn_new(struct store *s, const struct conn_ops *ops, struct domain *dom)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ops = ops;
	c->store = s;
	c->dom = domain_get(dom);
	c->id = s->next_conn++;
	c->fd = -1;
	list_init(&c->watches);
	list_init(&c->transactions);
	list_init(&c->ready);
	list_append(&s->conns, &c->all);
	return c;
}

void conn_close(struct conn *c)
{
	transaction_set_tries(c, 0);
	transaction_drop_all(c);
	watch_remove_all(c->store, c);
	quota_release(c->dom, QUOTA_MEMORY, c->out.len);
	c->ops->close(c);
	list_remove(&c->all);
	list_remove(&c->ready);
	buffer_free(&c->in);
	buffer_free(&c->out);
	domain_put(c->dom);
	free(c);
}

void conn_make_ready(struct conn *c)
{
	if (list_empty(&c->ready))
		list_append(&c->store->ready, &c->ready);
}

bool conn_may_read(const struct conn *c)
{
	if (c->broken)
		return false;
	if (domain_is_privileged(c->dom))
		return c->out.len < SOCKET_OUT_WAIT;
	return c->replies < quota_limit(c->dom, QUOTA_OUTSTANDING);
}

/* A message of `len` bytes at the end of the output, to be filled in by the caller; NULL: the
 * client is lost. */
static char *message_new(struct conn *c, const struct xsd_sockmsg *h)
{
	uint32_t size = (uint32_t)sizeof(*h) + h->len;
	char *room = buffer_room(&c->out, size);

	if (!room)
		return NULL;
	memcpy(room, h, sizeof(*h));
	return room + sizeof(*h);
}

static void message_done(struct conn *c, uint32_t len)
{
	uint32_t size = (uint32_t)sizeof(struct xsd_sockmsg) + len;

	if (c->is_ring)
		journal_output(c->store->journal, c, c->out.data + c->out.head + c->out.len, size);
	buffer_add(&c->out, size);
	c->out_end += size;
	quota_force(c->dom, QUOTA_MEMORY, size);
	conn_make_ready(c);
}

void conn_reply(
	struct conn *c, const struct xsd_sockmsg *req, uint32_t type, const void *body, size_t len)
{
	struct xsd_sockmsg h = *req;
	char *room;

	h.type = type;
	h.len = (uint32_t)len;
	room = message_new(c, &h);
	if (!room) {
		c->broken = true;
		conn_make_ready(c);
		return;
	}
	if (len)
		memcpy(room, body, len);
	message_done(c, h.len);
	c->replies++;
	c->replies_end = c->out_end;
}

void conn_reply_error(struct conn *c, const struct xsd_sockmsg *req, int err)
{
	const char *name = "EINVAL";

	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == err)
			name = xsd_errors[i].errstring;
	trace("conn %llu: domain %u, request %u: %s", (unsigned long long)c->id, c->dom->domid,
		req->type, name);
	conn_reply(c, req, XS_ERROR, name, strlen(name) + 1);
}

static uint64_t sent_pos(const struct conn *c)
{
	return c->out_end - c->out.len;
}

/* Is that very event the last one of this watch, and wholly unsent? Then the client will look after
 * this change too. */
static bool same_event_waits(
	const struct conn *c, const struct watch *w, const char *path, uint32_t len)
{
	const char *m;

	if (!w->last_len || w->last_pos < sent_pos(c))
		return false;
	if (w->last_len != sizeof(struct xsd_sockmsg) + len + 1 + w->token_len + 1)
		return false;
	m = c->out.data + c->out.head + (w->last_pos - sent_pos(c)) + sizeof(struct xsd_sockmsg);
	return !memcmp(m, path, len) && !m[len];
}

static bool output_full(const struct conn *c, uint32_t more)
{
	if (domain_is_privileged(c->dom))
		return c->out.len + more > SOCKET_OUT_MAX;
	return c->out.len + more > RING_OUT_MAX ||
	       c->dom->use[QUOTA_MEMORY] + more > quota_limit(c->dom, QUOTA_MEMORY);
}

static void queue_event(struct conn *c, struct watch *w, const char *path, uint32_t len)
{
	struct xsd_sockmsg h = { .type = XS_WATCH_EVENT, .len = len + 1 + w->token_len + 1 };
	char *body = message_new(c, &h);

	if (!body) {
		c->lost_events = true;
		conn_make_ready(c);
		return;
	}
	memcpy(body, path, len);
	body[len] = 0;
	memcpy(body + len + 1, w->token, w->token_len);
	body[len + 1 + w->token_len] = 0;
	w->last_pos = c->out_end;
	w->last_len = (uint32_t)sizeof(h) + h.len;
	message_done(c, h.len);
	c->store->stats.events++;
	c->dom->events++;
}

void conn_event(struct conn *c, struct watch *w, const char *path, uint32_t len)
{
	if (c->broken || c->store->restoring)
		return;
	if (len > XENSTORE_PAYLOAD_MAX - w->token_len - 2u) {
		/* Cannot be said in one message: the watched path stands for it. */
		path = w->point->path;
		len = w->point->len;
	}
	if (w->home && len > w->home) {
		path += w->home;
		len -= w->home;
	}
	if (c->out.len && same_event_waits(c, w, path, len)) {
		c->store->stats.dropped++;
		return;
	}
	if (c->out.len && output_full(c, len + w->token_len + 2)) {
		c->store->stats.dropped++;
		if (w->overflowed && w->last_pos >= sent_pos(c))
			return;
		w->overflowed = true;
		queue_event(c, w, w->point->path + w->home, w->point->len - w->home);
		return;
	}
	w->overflowed = false;
	queue_event(c, w, path, len);
}

void conn_all_lost_events(struct store *s)
{
	list_for_each (l, &s->conns) {
		struct conn *c = list_entry(l, struct conn, all);

		c->lost_events = true;
		conn_make_ready(c);
	}
}

/* Memory ran out for events before: now each watch gets its own path. */
static void make_up_events(struct conn *c)
{
	c->lost_events = false;
	list_for_each (l, &c->watches)
		watch_fire_first(list_entry(l, struct watch, of_conn));
}

void conn_flush(struct conn *c)
{
	if (c->lost_events && !c->out.len)
		make_up_events(c);
	while (c->out.len && !c->broken) {
		ssize_t n = c->ops->send(c, c->out.data + c->out.head, c->out.len);

		if (n < 0)
			c->broken = true;
		if (n <= 0)
			break;
		buffer_take(&c->out, (uint32_t)n);
		quota_release(c->dom, QUOTA_MEMORY, (uint64_t)n);
	}
	if (sent_pos(c) >= c->replies_end)
		c->replies = 0;
}

/* Is it a change that must wait for somebody else's transaction? */
static bool must_wait(struct conn *c, const struct xsd_sockmsg *h, const char *body)
{
	struct path p;
	size_t len;

	c->held = false;
	if (!c->store->starving || h->tx_id)
		return false;
	if (h->type != XS_WRITE && h->type != XS_MKDIR && h->type != XS_RM &&
		h->type != XS_SET_PERMS)
		return false;
	len = strnlen(body, h->len);
	if (path_resolve(&p, body, len, c->dom->domid))
		return false;
	c->held = transaction_guarded(c, &p, h->type == XS_RM);
	if (c->held) {
		c->store->holding = true;
		conn_make_ready(c);
	}
	return c->held;
}

size_t conn_input(struct conn *c, char *data, size_t len, uint32_t *turn)
{
	size_t used = 0;

	while (*turn && len - used >= sizeof(struct xsd_sockmsg) && conn_may_read(c)) {
		struct request r = { .conn = c };
		size_t size;

		memcpy(&r.h, data + used, sizeof(r.h));
		if (r.h.len > XENSTORE_PAYLOAD_MAX) {
			c->broken = true;
			conn_make_ready(c);
			break;
		}
		size = sizeof(r.h) + r.h.len;
		if (len - used < size)
			break;
		r.body = data + used + sizeof(r.h);
		if (must_wait(c, &r.h, r.body))
			break;
		used += size;
		request_serve(&r);
		if (c->is_ring)
			journal_done(c->store->journal, c, (uint32_t)size);
		journal_commit(c->store->journal);
		c->ops_served++;
		--*turn;
	}
	return used;
}
