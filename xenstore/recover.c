/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back to the state that the log holds; see recover.h. One decoder for each row of record.def. The
 * facts are made again by the same functions that made them first, with nobody listening
 * (store->restoring).
 */
#include "recover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "record.h"
#include "report.h"
#include "ring.h"
#include "socket.h"
#include "store.h"

/* A tree that is being put together, depth first. */
struct build {
	struct {
		struct node *node;
		uint32_t kids; /* that are still to come */
	} at[PATH_DEPTH_MAX + 2];
	uint32_t depth;
	struct node *root;  /* the finished one */
	struct perms *last; /* own reference */
	struct node **all;  /* by index, for SHARED */
	uint32_t n_all, cap_all;
	bool share;
};

struct recovery {
	struct store *s;
	bool sockets;
	struct build build;
	struct tree base, tree; /* of the transaction to come */
	struct conn *last_conn;
};

/* A string of the record. */
struct text {
	const char *s;
	uint32_t len;
};

static struct text take_text(struct take *t)
{
	struct text x;

	x.len = take_u32(t);
	x.s = take_bytes(t, x.len);
	if (!x.s)
		x.len = 0;
	return x;
}

static int take_path(struct take *t, struct path *p)
{
	struct text x = take_text(t);

	if (t->bad || path_resolve_special(p, x.s, x.len, 0))
		return EBADMSG;
	return 0;
}

/* Own reference; the dead ones are new each time, which nobody can tell. */
static struct domain *take_domain(struct recovery *r, struct take *t)
{
	uint32_t domid = take_u32(t);
	uint64_t generation = take_u64(t);
	struct domain *d = domain_by_id(r->s, domid);

	if (d && d->generation == generation)
		return domain_get(d);
	return domid <= DOMID_LAST ? domain_restore(r->s, domid, generation, false) : NULL;
}

/* *out stays NULL when the record has none. Own reference. */
static int take_perms(struct recovery *r, struct take *t, struct perms **out)
{
	uint32_t n = take_u32(t), done = 0;
	struct perm *p;
	int err = 0;

	*out = NULL;
	if (!n)
		return 0;
	if (n > XENSTORE_PAYLOAD_MAX)
		return EBADMSG;
	p = calloc(n, sizeof(*p));
	while (p && !t->bad && done < n) {
		p[done].dom = take_domain(r, t);
		p[done].access = take_u32(t) & (PERM_READ | PERM_WRITE);
		if (!p[done].dom)
			break;
		done++;
	}
	if (done == n)
		*out = perms_new(p, n);
	if (!*out)
		err = p && done < n ? EBADMSG : ENOMEM;
	for (uint32_t i = 0; i < done; i++)
		domain_put(p[i].dom);
	free(p);
	return err;
}

/* `ch->perms` is an own reference, or NULL. */
static int take_change(struct recovery *r, struct take *t, struct path *p, struct change *ch)
{
	struct text value;
	int err;

	*ch = (struct change){ .kind = take_u32(t), .path = p };
	err = take_path(t, p);
	value = take_text(t);
	ch->value = value.s;
	ch->len = value.len;
	if (!err)
		err = take_perms(r, t, &ch->perms);
	if (!err && ch->kind != CHANGE_RM && !ch->perms)
		err = EBADMSG;
	return err;
}

static struct conn *take_conn(struct recovery *r, struct take *t)
{
	uint64_t id = take_u64(t);

	if (r->last_conn && r->last_conn->id == id)
		return r->last_conn;
	list_for_each (l, &r->s->conns) {
		struct conn *c = list_entry(l, struct conn, all);

		if (c->id == id) {
			r->last_conn = c;
			return c;
		}
	}
	return NULL;
}

static struct transaction *take_tx(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t id = take_u32(t);

	return c ? transaction_find(c, id) : NULL;
}

static int recover_change(struct recovery *r, struct take *t)
{
	struct node *gone = NULL;
	struct path p;
	struct change ch;
	int err = take_change(r, t, &p, &ch);
	struct found f;

	if (!err) {
		tree_find(&r->s->tree, p.s, p.len, &f);
		if (!f.node && (ch.kind == CHANGE_RM || ch.kind == CHANGE_PERMS))
			err = EBADMSG;
	}
	if (!err)
		err = store_change_tree(&r->s->tree, &ch, &gone);
	node_put(gone);
	perms_put(ch.perms);
	transaction_settle(r->s);
	return err;
}

static int recover_special(struct recovery *r, struct take *t)
{
	struct text name = take_text(t);
	bool release =
		name.len == strlen("@releaseDomain") && !memcmp(name.s, "@releaseDomain", name.len);
	struct perms **slot = release ? &r->s->release_perms : &r->s->introduce_perms, *perms;
	int err = take_perms(r, t, &perms);

	if (err || !perms)
		return err ? err : EBADMSG;
	perms_put(*slot);
	*slot = perms;
	return 0;
}

static int recover_quota(struct recovery *r, struct take *t)
{
	uint32_t q = take_u32(t);
	uint64_t value = take_u64(t);

	if (q < QUOTA_COUNT)
		r->s->quota[q] = value;
	return 0;
}

static void forget_conn(struct recovery *r, struct domain *d)
{
	r->last_conn = NULL;
	if (d->conn)
		conn_close(d->conn);
}

static int recover_domain(struct recovery *r, struct take *t)
{
	struct domain *d = take_domain(r, t), *target;
	uint32_t flags = take_u32(t), in_pos, out_pos;
	uint64_t id;
	int err = 0;

	if (d && !d->alive && flags & 1) {
		/* take_domain() could not know that this one lives. */
		uint64_t generation = d->generation;
		unsigned int domid = d->domid;

		domain_put(d);
		d = domain_restore(r->s, domid, generation, true);
	}
	if (!d)
		return ENOMEM;
	d->remote_port = take_u32(t);
	d->ring = take_u64(t);
	target = take_domain(r, t);
	domain_put(d->target);
	d->target = target;
	id = take_u64(t);
	in_pos = take_u32(t);
	out_pos = take_u32(t);
	d->limit_set = take_u32(t);
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (d->limit_set & (1u << q))
			d->limit[q] = take_u64(t);
	d->introduced = flags & 2;
	d->shutdown = flags & 4;
	if (d->conn && (!d->introduced || d->conn->id != id))
		forget_conn(r, d);
	if (d->introduced && !d->conn && id)
		err = ring_restore(r->s, d, id, in_pos, out_pos);
	if (!(flags & 1) && d->alive)
		domain_forget(r->s, d);
	domain_put(d);
	return err;
}

static int recover_watch(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t home = take_u32(t);
	struct path p;
	int err = take_path(t, &p);
	struct text token = take_text(t);

	if (err || !c)
		return err;
	p.home = home;
	return watch_add(r->s, c, &p, token.s ? token.s : "", token.len, NULL) == ENOMEM ? ENOMEM
											 : 0;
}

static int recover_unwatch(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	struct path p;
	int err = take_path(t, &p);
	struct text token = take_text(t);

	if (!err && c)
		watch_remove(r->s, c, &p, token.s ? token.s : "", token.len);
	return err;
}

static int recover_reset(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t ring = take_u32(t);

	if (!c)
		return 0;
	transaction_drop_all(c);
	watch_remove_all(r->s, c);
	if (ring)
		ring_forget(c);
	return 0;
}

static int recover_tx_start(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t id = take_u32(t);
	struct transaction *tx;

	if (!c)
		return 0;
	c->next_tx = id;
	return transaction_start(r->s, c, id, &tx) ? ENOMEM : 0;
}

static int recover_tx_spoiled(struct recovery *r, struct take *t)
{
	struct transaction *tx = take_tx(r, t);

	if (tx)
		transaction_spoil(tx);
	return 0;
}

static int recover_tx_note(struct recovery *r, struct take *t)
{
	struct transaction *tx = take_tx(r, t);
	uint32_t learned = take_u32(t), wrote = take_u32(t);
	struct text path = take_text(t);

	return tx && path.s && transaction_note(tx, path.s, path.len, learned, wrote) ? ENOMEM : 0;
}

static int recover_tx_change(struct recovery *r, struct take *t)
{
	struct transaction *tx = take_tx(r, t);
	struct change ch;
	struct path p;
	int err = take_change(r, t, &p, &ch);

	if (!err && tx)
		err = store_change_in(tx, &ch);
	perms_put(ch.perms);
	return err;
}

static int recover_tx_keep(struct recovery *r, struct take *t)
{
	struct transaction *tx = take_tx(r, t);
	struct change ch;
	struct path p;
	int err = take_change(r, t, &p, &ch);

	if (!err && tx)
		err = transaction_keep(tx, &ch);
	perms_put(ch.perms);
	return err;
}

/* Also in snapshots, with id 0: only the counters. */
static int recover_tx_end(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t id = take_u32(t), tries = take_u32(t);
	struct transaction *tx = c ? transaction_find(c, id) : NULL;

	if (tx)
		transaction_drop(tx);
	if (c)
		transaction_set_tries(c, tries);
	if (c && !id)
		c->next_tx = take_u32(t);
	return 0;
}

static int recover_output(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	struct text bytes = take_text(t);
	char *room = c && bytes.s ? buffer_room(&c->out, bytes.len) : NULL;

	if (!c)
		return 0;
	if (!room)
		return ENOMEM;
	memcpy(room, bytes.s, bytes.len);
	buffer_add(&c->out, bytes.len);
	c->out_end += bytes.len;
	c->replies = 1;
	c->replies_end = c->out_end;
	quota_force(c->dom, QUOTA_MEMORY, bytes.len);
	return 0;
}

static int recover_input(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	struct text bytes = take_text(t);
	char *room = c && bytes.s ? buffer_room(&c->in, bytes.len) : NULL;

	if (!c)
		return 0;
	if (!room)
		return ENOMEM;
	memcpy(room, bytes.s, bytes.len);
	buffer_add(&c->in, bytes.len);
	if (c->is_ring)
		c->ring->in_pos += bytes.len;
	return 0;
}

static int recover_done(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t size = take_u32(t);

	if (!c || !c->is_ring)
		return 0;
	if (!c->in.len)
		c->ring->in_pos += size;
	else if (size <= c->in.len)
		buffer_take(&c->in, size);
	else
		return EBADMSG;
	return 0;
}

static int recover_counters(struct recovery *r, struct take *t)
{
	r->s->next_generation = take_u64(t);
	r->s->next_conn = take_u64(t);
	r->build.share = take_u32(t);
	return 0;
}

static int build_remember(struct build *b, struct node *n)
{
	if (!b->share)
		return 0;
	if (b->n_all == b->cap_all) {
		uint32_t cap = b->cap_all ? b->cap_all * 2 : 1024;
		struct node **all = realloc(b->all, cap * sizeof(*all));

		if (!all)
			return ENOMEM;
		b->all = all;
		b->cap_all = cap;
	}
	b->all[b->n_all++] = n;
	return 0;
}

/* Take the node (own reference) as the next one; `kids` of it are still to come. */
static int build_add(struct build *b, struct node *n, uint32_t kids)
{
	if (!b->depth && b->root) {
		node_put(n);
		return EBADMSG;
	}
	if (b->depth && node_add_kid(b->at[b->depth - 1].node, n)) {
		node_put(n);
		return ENOMEM;
	}
	if (!b->depth)
		b->root = n;
	else
		b->at[b->depth - 1].kids--;
	if (kids) {
		if (b->depth == PATH_DEPTH_MAX + 2)
			return EBADMSG;
		b->at[b->depth].node = n;
		b->at[b->depth++].kids = kids;
	}
	while (b->depth && !b->at[b->depth - 1].kids)
		b->depth--;
	return 0;
}

static int recover_node(struct recovery *r, struct take *t)
{
	uint32_t kids = take_u32(t);
	struct text name = take_text(t), value = take_text(t);
	struct perms *perms;
	struct node *n;
	int err = take_perms(r, t, &perms);

	if (err || t->bad)
		return err ? err : EBADMSG;
	if (perms) {
		perms_put(r->build.last);
		r->build.last = perms;
	}
	if (!r->build.last || name.len > XENSTORE_ABS_PATH_MAX || value.len > XENSTORE_PAYLOAD_MAX)
		return EBADMSG;
	n = node_new(name.s, name.len, value.s, value.len, r->build.last);
	if (!n)
		return ENOMEM;
	if (build_remember(&r->build, n)) {
		node_put(n);
		return ENOMEM;
	}
	return build_add(&r->build, n, kids);
}

static int recover_shared(struct recovery *r, struct take *t)
{
	uint32_t index = take_u32(t);

	return index < r->build.n_all ? build_add(&r->build, node_get(r->build.all[index]), 0)
				      : EBADMSG;
}

/* The store's tree came back: charge everybody for what is theirs. */
static int charge_all(struct store *s)
{
	struct walk w;
	struct node *n;

	list_for_each (l, &s->domains) {
		struct domain *d = list_entry(l, struct domain, all);

		d->use[QUOTA_NODES] = 0;
		d->use[QUOTA_MEMORY] = 0;
	}
	if (walk_start(&w, s->tree.root, "/", 1))
		return ENOMEM;
	s->tree.weight = 0;
	while ((n = walk_next(&w))) {
		s->tree.weight += node_weight(n);
		quota_force(perms_owner(n->perms), QUOTA_NODES, 1);
		quota_force(perms_owner(n->perms), QUOTA_MEMORY, tree_node_bytes(n));
	}
	walk_end(&w);
	return 0;
}

static int recover_tree(struct recovery *r, struct take *t)
{
	struct tree *slot = &r->s->tree;
	uint32_t which = take_u32(t);

	if (!r->build.root || r->build.depth)
		return EBADMSG;
	if (which == 1)
		slot = &r->base;
	else if (which == 2)
		slot = &r->tree;
	tree_drop(slot);
	slot->root = r->build.root;
	r->build.root = NULL;
	return which ? 0 : charge_all(r->s);
}

static int recover_tx(struct recovery *r, struct take *t)
{
	struct conn *c = take_conn(r, t);
	uint32_t id = take_u32(t), n;
	uint64_t started = take_u64(t), number;
	struct transaction *tx;

	if (!c || !r->base.root || !r->tree.root)
		return c ? EBADMSG : 0;
	if (transaction_start(r->s, c, id, &tx))
		return ENOMEM;
	tx->started = started;
	node_put(tx->base);
	tree_drop(&tx->tree);
	tx->base = r->base.root;
	tx->tree = r->tree;
	tx->tree.deferred = true;
	r->base.root = r->tree.root = NULL;
	for (n = take_u32(t); n && !t->bad; n--) {
		struct domain *d = take_domain(r, t);
		int64_t nodes = (int64_t)take_u64(t), bytes = (int64_t)take_u64(t);
		int err = d ? tree_add_delta(&tx->tree, d, nodes, bytes) : ENOMEM;

		domain_put(d);
		if (err)
			return err;
	}
	tx->tree.weight = (int64_t)take_u64(t);
	tx->own = (int64_t)take_u64(t);
	r->s->tx_own += tx->own;
	number = take_u64(t);
	transaction_resume(tx, number, take_u64(t));
	return 0;
}

static int recover_listen(struct recovery *r, struct take *t)
{
	uint32_t fd = take_u32(t), read_only = take_u32(t);

	return r->sockets ? socket_serve(r->s, (int)fd, read_only) : 0;
}

static int recover_socket(struct recovery *r, struct take *t)
{
	uint64_t id = take_u64(t);
	uint32_t fd = take_u32(t), read_only = take_u32(t);
	struct conn *c;

	if (!r->sockets)
		return 0;
	c = socket_client(r->s, (int)fd, read_only);
	if (!c)
		return ENOMEM;
	c->id = id;
	conn_make_ready(c);
	return 0;
}

static int (*const decode[RECORD_TYPES])(struct recovery *r, struct take *t) = {
#define RECORD(name, decoder) [RECORD_##name] = recover_##decoder,
#include "record.def"
#undef RECORD
};

static int recover_batch(struct recovery *r, const char *at, uint32_t len)
{
	const char *end = at + len;

	while (at < end) {
		struct take t = { .bad = false };
		struct record h;
		int err;

		memcpy(&h, at, sizeof(h));
		if (h.len < sizeof(h) || h.len > (uint64_t)(end - at) || !h.type ||
			h.type >= RECORD_TYPES)
			return EBADMSG;
		t.at = at + sizeof(h);
		t.end = at + h.len;
		err = decode[h.type](r, &t);
		if (err || t.bad) {
			report("the log has a bad record of type %u: %s", h.type,
				strerror(err ? err : EBADMSG));
			return err ? err : EBADMSG;
		}
		at += h.len;
	}
	return 0;
}

int recover(struct store *s, struct journal *j, bool sockets, bool *found)
{
	static struct recovery r;
	const char *records;
	uint64_t at = 0;
	uint32_t len;
	int err = 0;

	memset(&r, 0, sizeof(r));
	r.s = s;
	r.sockets = sockets;
	s->restoring = true;
	while (!err && journal_read(j, &at, &records, &len))
		err = recover_batch(&r, records, len);
	*found = at != 0 && journal_generation(j);
	perms_put(r.build.last);
	node_put(r.build.root);
	free(r.build.all);
	tree_drop(&r.base);
	tree_drop(&r.tree);
	/* What transactions on sockets had been charged is now for those on rings. */
	transaction_settle(s);
	s->restoring = false;
	return err;
}

void recover_rings(struct store *s)
{
	list_for_each_safe (l, after, &s->conns) {
		struct conn *c = list_entry(l, struct conn, all);
		struct domain *d = c->dom;

		if (!c->is_ring)
			continue;
		if (s->link && !ring_connect(c)) {
			ring_recover(c);
			continue;
		}
		report("domain %u: its ring cannot be connected again", d->domid);
		d->introduced = false;
		conn_close(c);
	}
}
