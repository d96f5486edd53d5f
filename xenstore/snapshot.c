/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state as records; see snapshot.h. Trees of transactions share most nodes with the
 * store's: a node that was written before is only pointed to, so that the sharing is the same when
 * it comes back.
 */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "record.h"
#include "ring.h"
#include "socket.h"
#include "store.h"

/* Nodes that were written, by address: open addressing, never more than half full. */
struct seen {
	const struct node **key;
	uint32_t *index;
	uint64_t cap, n;
	uint32_t next;	    /* index of the next node */
	struct perms *last; /* of the node before */
};

static uint64_t seen_slot(const struct seen *s, const struct node *n)
{
	uint64_t at = ((uintptr_t)n >> 4) * 0x9e3779b97f4a7c15ull;

	for (at = (at >> 20) & (s->cap - 1); s->key[at] && s->key[at] != n;
		at = (at + 1) & (s->cap - 1))
		;
	return at;
}

static int seen_start(struct seen *s, uint64_t cap)
{
	s->cap = cap;
	s->n = 0;
	s->key = calloc(cap, sizeof(*s->key));
	s->index = malloc(cap * sizeof(*s->index));
	return s->key && s->index ? 0 : ENOMEM;
}

static void seen_end(struct seen *s)
{
	free(s->key);
	free(s->index);
}

static int seen_add(struct seen *s, const struct node *n, uint32_t index)
{
	uint64_t at;

	if (s->n * 2 >= s->cap) {
		struct seen bigger;

		if (seen_start(&bigger, s->cap * 2)) {
			seen_end(&bigger);
			return ENOMEM;
		}
		for (uint64_t i = 0; i < s->cap; i++) {
			if (!s->key[i])
				continue;
			at = seen_slot(&bigger, s->key[i]);
			bigger.key[at] = s->key[i];
			bigger.index[at] = s->index[i];
		}
		seen_end(s);
		s->key = bigger.key;
		s->index = bigger.index;
		s->cap = bigger.cap;
	}
	at = seen_slot(s, n);
	s->key[at] = n;
	s->index[at] = index;
	s->n++;
	return 0;
}

static void write_node(struct journal *j, struct seen *s, const struct node *n)
{
	put_start(j, RECORD_NODE);
	put_u32(j, node_count_kids(n));
	put_string(j, n->data, n->name_len);
	put_string(j, node_value(n), n->value_len);
	/* None: the same as those of the node before. */
	put_perms(j, n->perms == s->last ? NULL : n->perms);
	put_end(j);
	s->last = n->perms;
}

/* `share`: there are trees with nodes in common. */
static int write_tree(
	struct journal *j, struct seen *s, struct node *root, uint32_t which, bool share)
{
	struct walk w;
	struct node *n;
	int err = walk_start(&w, root, "/", 1);

	if (err)
		return err;
	while (!err && (n = walk_next(&w))) {
		uint64_t at = share ? seen_slot(s, n) : 0;

		if (share && s->key[at]) {
			put_start(j, RECORD_SHARED);
			put_u32(j, s->index[at]);
			put_end(j);
			walk_skip(&w);
			continue;
		}
		write_node(j, s, n);
		if (share)
			err = seen_add(s, n, s->next);
		s->next++;
	}
	walk_end(&w);
	put_start(j, RECORD_TREE);
	put_u32(j, which);
	put_end(j);
	return err;
}

static void write_notes(struct journal *j, const struct transaction *t)
{
	for (int i = 0; i < TX_BUCKETS; i++) {
		for (const struct tx_entry *e = t->entry[i]; e; e = e->next) {
			put_start(j, RECORD_TX_NOTE);
			put_u64(j, t->conn->id);
			put_u32(j, t->id);
			put_u32(j, e->learned);
			put_u32(j, e->wrote);
			put_string(j, e->path, e->len);
			put_end(j);
		}
	}
}

static void write_kept(struct journal *j, const struct transaction *t)
{
	struct path path;

	list_for_each (l, &t->changes) {
		struct change ch;

		transaction_change(list_entry(l, struct tx_change, link), &path, &ch);
		put_start(j, RECORD_TX_KEEP);
		put_u64(j, t->conn->id);
		put_u32(j, t->id);
		put_change(j, &ch);
		put_end(j);
	}
}

static void write_spoiled(struct journal *j, const struct transaction *t)
{
	static const uint32_t records[] = { RECORD_TX_START, RECORD_TX_SPOILED };

	for (int i = 0; i < 2; i++) {
		put_start(j, records[i]);
		put_u64(j, t->conn->id);
		put_u32(j, t->id);
		put_end(j);
	}
}

static int write_transaction(struct journal *j, struct seen *s, const struct transaction *t)
{
	int err;

	if (t->spoiled) {
		write_spoiled(j, t);
		return 0;
	}
	err = write_tree(j, s, t->base, 1, true);
	if (!err)
		err = write_tree(j, s, t->tree.root, 2, true);
	put_start(j, RECORD_TX);
	put_u64(j, t->conn->id);
	put_u32(j, t->id);
	put_u64(j, t->started);
	put_u32(j, t->tree.n_delta);
	for (uint32_t i = 0; i < t->tree.n_delta; i++) {
		put_domain_ref(j, t->tree.delta[i].dom);
		put_u64(j, (uint64_t)t->tree.delta[i].nodes);
		put_u64(j, (uint64_t)t->tree.delta[i].bytes);
	}
	put_u64(j, (uint64_t)t->tree.weight);
	put_u64(j, (uint64_t)t->own);
	put_u64(j, t->number);
	put_u64(j, t->pinned);
	put_end(j);
	write_notes(j, t);
	write_kept(j, t);
	return err;
}

static void write_bytes(
	struct journal *j, const struct conn *c, uint32_t type, const struct buffer *b)
{
	if (!b->len)
		return;
	put_start(j, type);
	put_u64(j, c->id);
	put_string(j, b->data + b->head, b->len);
	put_end(j);
}

static int write_conn(struct journal *j, struct seen *s, const struct conn *c)
{
	int err = 0;

	if (!c->is_ring) {
		put_start(j, RECORD_SOCKET);
		put_u64(j, c->id);
		put_u32(j, (uint32_t)c->fd);
		put_u32(j, c->read_only);
		put_end(j);
	}
	write_bytes(j, c, RECORD_INPUT, &c->in);
	write_bytes(j, c, RECORD_OUTPUT, &c->out);
	list_for_each (l, &c->watches)
		put_watch(j, c, list_entry(l, struct watch, of_conn));
	put_start(j, RECORD_TX_END);
	put_u64(j, c->id);
	put_u32(j, 0);
	put_u32(j, c->tries);
	put_u32(j, c->next_tx);
	put_end(j);
	list_for_each (l, &c->transactions) {
		err = write_transaction(j, s, list_entry(l, struct transaction, of_conn));
		if (err)
			break;
	}
	return err;
}

static void write_special(struct journal *j, const struct store *s)
{
	journal_special(j, "@introduceDomain", s->introduce_perms);
	journal_special(j, "@releaseDomain", s->release_perms);
}

static bool any_transactions(const struct store *s, bool sockets)
{
	list_for_each (l, &s->conns) {
		const struct conn *c = list_entry(l, struct conn, all);

		if ((c->is_ring || sockets) && c->n_transactions)
			return true;
	}
	return false;
}

int snapshot_write(struct journal *j, struct store *s, bool sockets)
{
	bool share = any_transactions(s, sockets);
	struct seen seen = { 0 };
	int err = share ? seen_start(&seen, 1024) : 0;

	put_start(j, RECORD_COUNTERS);
	put_u64(j, s->next_generation);
	put_u64(j, s->next_conn);
	put_u32(j, share);
	put_end(j);
	for (unsigned int q = 0; q < QUOTA_COUNT; q++)
		journal_quota(j, q, s->quota[q]);
	list_for_each (l, &s->domains)
		journal_domain(j, list_entry(l, struct domain, all));
	write_special(j, s);
	if (!err)
		err = write_tree(j, &seen, s->tree.root, 0, share);
	if (sockets)
		socket_write_listeners(j);
	list_for_each (l, &s->conns) {
		struct conn *c = list_entry(l, struct conn, all);

		if (!err && (c->is_ring || sockets))
			err = write_conn(j, &seen, c);
	}
	if (share)
		seen_end(&seen);
	return err;
}
