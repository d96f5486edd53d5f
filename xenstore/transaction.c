/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions; see transaction.h. */
#include "transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "store.h"

/* So many EAGAINs in a row make a client's next transaction a protected one ... */
#define PROTECT_AFTER 3
/* ... for so long after its start. */
#define PROTECT_MS 200
/* Domains may hold up dom0 for so long, all together, and then not until the rest is over. */
#define DOM0_HELD_MS 10
#define DOM0_FREE_MS 490

/* What a change is charged for: itself, its node and those that it copies on its way, and that much
 * again in either log. */
#define CHANGE_BYTES(path, value) (uint64_t)(1024 + 6 * ((path) + (value)))

struct transaction *transaction_find(struct conn *c, uint32_t id)
{
	list_for_each (l, &c->transactions) {
		struct transaction *t = list_entry(l, struct transaction, of_conn);

		if (t->id == id)
			return t;
	}
	return NULL;
}

static uint32_t free_id(struct conn *c)
{
	do
		c->next_tx++;
	while (!c->next_tx || transaction_find(c, c->next_tx));
	return c->next_tx;
}

int transaction_start(struct store *s, struct conn *c, uint32_t id, struct transaction **out)
{
	struct transaction *t;

	if (!quota_charge(c->dom, QUOTA_TRANSACTIONS, 1))
		return ENOSPC;
	if (!quota_charge(c->dom, QUOTA_MEMORY, sizeof(*t))) {
		quota_release(c->dom, QUOTA_TRANSACTIONS, 1);
		return ENOSPC;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		quota_release(c->dom, QUOTA_TRANSACTIONS, 1);
		quota_release(c->dom, QUOTA_MEMORY, sizeof(*t));
		return ENOMEM;
	}
	t->conn = c;
	t->id = id ? id : free_id(c);
	t->bytes = sizeof(*t);
	t->started = s->clock_ms();
	t->base = node_get(s->tree.root);
	tree_fork(&t->tree, &s->tree);
	list_init(&t->changes);
	list_append(&c->transactions, &t->of_conn);
	t->number = s->next_transaction++;
	list_append(&s->transactions, &t->all);
	c->n_transactions++;
	*out = t;
	return 0;
}

static struct tx_entry *entry_find(
	const struct transaction *t, uint32_t hash, const char *path, uint32_t len)
{
	struct tx_entry *e = t->entry[hash % TX_BUCKETS];

	while (e && (e->hash != hash || e->len != len || memcmp(e->path, path, len)))
		e = e->next;
	return e;
}

static int tx_charge(struct transaction *t, uint64_t bytes)
{
	if (!quota_charge(t->conn->dom, QUOTA_MEMORY, bytes))
		return ENOSPC;
	t->bytes += bytes;
	return 0;
}

static void tx_discharge(struct transaction *t, uint64_t bytes)
{
	quota_release(t->conn->dom, QUOTA_MEMORY, bytes);
	t->bytes -= bytes;
}

int transaction_note(struct transaction *t, const char *path, uint32_t len, unsigned int learned,
	unsigned int wrote)
{
	uint32_t hash = path_hash(path, len);
	struct tx_entry *e = entry_find(t, hash, path, len);

	if (!e) {
		if (!quota_allows(t->conn->dom, QUOTA_TX_NODES, t->n_entries, 1) ||
			tx_charge(t, sizeof(*e) + len))
			return ENOSPC;
		e = malloc(sizeof(*e) + len);
		if (!e) {
			tx_discharge(t, sizeof(*e) + len);
			return ENOMEM;
		}
		e->hash = hash;
		e->len = len;
		e->learned = e->wrote = 0;
		memcpy(e->path, path, len);
		e->next = t->entry[hash % TX_BUCKETS];
		t->entry[hash % TX_BUCKETS] = e;
		t->n_entries++;
	}
	/* What it wrote itself it does not learn from the store. */
	e->learned |= (uint8_t)(learned & ~e->wrote);
	e->wrote |= (uint8_t)wrote;
	journal_tx_note(t->conn->store->journal, t, path, len, learned, wrote);
	return 0;
}

int transaction_keep(struct transaction *t, const struct change *ch)
{
	struct tx_change *k;

	if (tx_charge(t, CHANGE_BYTES(ch->path->len, ch->len)))
		return ENOSPC;
	k = malloc(sizeof(*k) + ch->path->len + ch->len);
	if (!k) {
		tx_discharge(t, CHANGE_BYTES(ch->path->len, ch->len));
		return ENOMEM;
	}
	k->kind = ch->kind;
	k->path_len = ch->path->len;
	k->value_len = ch->len;
	k->perms = ch->perms ? perms_get(ch->perms) : NULL;
	memcpy(k->data, ch->path->s, k->path_len);
	if (ch->len)
		memcpy(k->data + k->path_len, ch->value, ch->len);
	list_append(&t->changes, &k->link);
	return 0;
}

static void tx_change_free(struct transaction *t, struct tx_change *k)
{
	tx_discharge(t, CHANGE_BYTES(k->path_len, k->value_len));
	list_remove(&k->link);
	perms_put(k->perms);
	free(k);
}

void transaction_unkeep(struct transaction *t)
{
	tx_change_free(t, list_entry(t->changes.prev, struct tx_change, link));
}

/* Everything that is kept for it goes: what it learned and changed, its trees. */
static void forget(struct transaction *t)
{
	struct store *s = t->conn->store;

	list_for_each_safe (l, after, &t->changes)
		tx_change_free(t, list_entry(l, struct tx_change, link));
	for (int i = 0; i < TX_BUCKETS; i++) {
		while (t->entry[i]) {
			struct tx_entry *e = t->entry[i];

			t->entry[i] = e->next;
			free(e);
		}
	}
	tree_drop(&t->tree);
	node_put(t->base);
	t->base = NULL;
	tx_discharge(t, t->bytes - sizeof(*t));
	quota_release(t->conn->dom, QUOTA_MEMORY, t->pinned);
	s->pinned -= t->pinned;
	s->tx_own -= t->own;
	t->pinned = 0;
	t->own = 0;
}

void transaction_spoil(struct transaction *t)
{
	t->spoiled = true;
	forget(t);
	journal_tx_spoiled(t->conn->store->journal, t);
}

/* The newest one in the list up to `at` for which something is kept; NULL: none. */
static struct transaction *keeper(struct store *s, struct list *at)
{
	for (; at != &s->transactions; at = at->prev) {
		struct transaction *t = list_entry(at, struct transaction, all);

		if (!t->spoiled)
			return t;
	}
	return NULL;
}

/* The oldest one of a domain that has one for which something is kept. */
static struct transaction *oldest_of(struct store *s, const struct domain *d)
{
	struct list *at = s->transactions.next;
	struct transaction *t = list_entry(at, struct transaction, all);

	while (t->spoiled || t->conn->dom != d) {
		at = at->next;
		t = list_entry(at, struct transaction, all);
	}
	return t;
}

int64_t transaction_kept(const struct store *s)
{
	return node_all_weight - s->others_weight - s->tree.weight - s->tx_own;
}

/* Charge those from `at` on back, the newer ones only when no older one is there. */
static void settle(struct store *s, struct list *at)
{
	int64_t kept;

	while ((kept = transaction_kept(s)) > (int64_t)s->pinned) {
		uint64_t more = (uint64_t)kept - s->pinned;
		struct transaction *t = keeper(s, at);

		if (!t)
			t = keeper(s, s->transactions.prev);
		if (!t)
			return;
		at = &t->all;
		if (!quota_charge(t->conn->dom, QUOTA_MEMORY, more)) {
			transaction_spoil(oldest_of(s, t->conn->dom));
			continue;
		}
		t->pinned += more;
		s->pinned += more;
	}
}

void transaction_settle(struct store *s)
{
	if (!list_empty(&s->transactions))
		settle(s, s->transactions.prev);
}

void transaction_resume(struct transaction *t, uint64_t number, uint64_t pinned)
{
	struct store *s = t->conn->store;
	struct list *at = &s->transactions;

	list_remove(&t->all);
	while (at->prev != &s->transactions &&
		list_entry(at->prev, struct transaction, all)->number > number)
		at = at->prev;
	list_append(at, &t->all);
	t->number = number;
	if (number >= s->next_transaction)
		s->next_transaction = number + 1;
	t->pinned = pinned;
	s->pinned += pinned;
	quota_force(t->conn->dom, QUOTA_MEMORY, (int64_t)pinned);
}

void transaction_drop(struct transaction *t)
{
	struct conn *c = t->conn;
	struct list *before = t->all.prev;

	forget(t);
	quota_release(c->dom, QUOTA_MEMORY, t->bytes);
	quota_release(c->dom, QUOTA_TRANSACTIONS, 1);
	list_remove(&t->of_conn);
	list_remove(&t->all);
	c->n_transactions--;
	free(t);
	settle(c->store, before);
}

void transaction_drop_all(struct conn *c)
{
	list_for_each_safe (l, after, &c->transactions)
		transaction_drop(list_entry(l, struct transaction, of_conn));
}

/* Does what was learned of `e` in `base` read the same in `now`? */
static bool entry_holds(const struct tx_entry *e, const struct tree *base, const struct tree *now)
{
	struct found a, b;

	if (!e->learned)
		return true;
	tree_find(base, e->path, e->len, &a);
	tree_find(now, e->path, e->len, &b);
	if (a.node == b.node)
		return true;
	if (!a.node || !b.node)
		return false;
	if (e->learned & LEARN_VALUE && !node_same_value(a.node, b.node))
		return false;
	if (e->learned & LEARN_PERMS && !perms_same(a.node->perms, b.node->perms))
		return false;
	return !(e->learned & LEARN_KIDS) || node_same_kids(a.node, b.node);
}

bool transaction_holds(const struct transaction *t, const struct tree *now)
{
	struct tree base = { .root = t->base };

	if (now->root == t->base)
		return true;
	for (int i = 0; i < TX_BUCKETS; i++)
		for (const struct tx_entry *e = t->entry[i]; e; e = e->next)
			if (!entry_holds(e, &base, now))
				return false;
	return true;
}

void transaction_change(const struct tx_change *k, struct path *path, struct change *ch)
{
	memcpy(path->s, k->data, k->path_len);
	path->s[k->path_len] = 0;
	path->len = k->path_len;
	path->home = 0;
	*ch = (struct change){ .kind = k->kind,
		.path = path,
		.value = k->data + k->path_len,
		.len = k->value_len,
		.perms = k->perms };
}

/* Make all changes again on `tree`, a fork of the store's. */
static int redo(struct transaction *t, struct tree *tree)
{
	struct path path;
	int err = 0;

	list_for_each (l, &t->changes) {
		struct change ch;
		struct node *gone = NULL;

		transaction_change(list_entry(l, struct tx_change, link), &path, &ch);
		if (ch.kind == CHANGE_RM || ch.kind == CHANGE_PERMS) {
			struct found f;

			tree_find(tree, path.s, path.len, &f);
			err = f.node ? 0 : EAGAIN;
		}
		if (!err)
			err = store_change_tree(tree, &ch, &gone);
		node_put(gone);
		if (err)
			break;
	}
	return err;
}

/* Would committing `t` (leading to `next`) spoil an open transaction of somebody who failed too
 * often already? */
static bool spoils_protected(struct store *s, const struct transaction *t, const struct tree *next)
{
	uint64_t now = s->clock_ms();

	list_for_each (l, &s->conns) {
		struct conn *c = list_entry(l, struct conn, all);

		if (c == t->conn || c->tries < PROTECT_AFTER || c->tries <= t->conn->tries)
			continue;
		list_for_each (k, &c->transactions) {
			struct transaction *other = list_entry(k, struct transaction, of_conn);

			if (now - other->started < PROTECT_MS &&
				transaction_holds(other, &s->tree) &&
				!transaction_holds(other, next))
				return true;
		}
	}
	return false;
}

void transaction_set_tries(struct conn *c, uint32_t tries)
{
	c->store->starving += (tries >= PROTECT_AFTER) - (c->tries >= PROTECT_AFTER);
	c->tries = tries;
}

/* Would a change of `p` be news for who learned `e`? */
static bool entry_guards(const struct tx_entry *e, const struct path *p, bool removes)
{
	if (e->len == p->len)
		return !memcmp(e->path, p->s, p->len);
	if (e->len < p->len)
		return e->learned & LEARN_KIDS && path_is_under(e->path, e->len, p->s, p->len);
	return removes && path_is_under(p->s, p->len, e->path, e->len);
}

/* Only a transaction that could still be committed is worth somebody's wait. */
static bool transaction_guards(
	const struct transaction *t, const struct store *s, const struct path *p, bool removes)
{
	for (int i = 0; i < TX_BUCKETS; i++)
		for (const struct tx_entry *e = t->entry[i]; e; e = e->next)
			if (entry_guards(e, p, removes))
				return !t->spoiled && transaction_holds(t, &s->tree);
	return false;
}

static bool conn_guards(const struct conn *c, const struct path *p, bool removes, uint64_t now)
{
	list_for_each (l, &c->transactions) {
		const struct transaction *t = list_entry(l, struct transaction, of_conn);

		if (now - t->started < PROTECT_MS && transaction_guards(t, c->store, p, removes))
			return true;
	}
	return false;
}

/* May a domain hold up dom0 now? The first one that wants to opens the time in which all may. */
static bool may_hold_dom0(struct store *s, uint64_t now)
{
	if (now >= s->dom0_held_until + DOM0_FREE_MS)
		s->dom0_held_until = now + DOM0_HELD_MS;
	return now < s->dom0_held_until;
}

bool transaction_guarded(struct conn *c, const struct path *p, bool removes)
{
	struct store *s = c->store;
	uint64_t now = s->clock_ms();
	bool guarded = false;

	list_for_each (l, &s->conns) {
		const struct conn *k = list_entry(l, struct conn, all);

		if (guarded || k == c || k->tries < PROTECT_AFTER ||
			!conn_guards(k, p, removes, now))
			continue;
		guarded = !domain_is_privileged(c->dom) || domain_is_privileged(k->dom) ||
			  may_hold_dom0(s, now);
	}
	if (!guarded || (c->hold_until && now >= c->hold_until)) {
		c->hold_until = 0;
		return false;
	}
	if (!c->hold_until)
		c->hold_until = now + PROTECT_MS;
	return true;
}

/* Only the last change of a path is told, unless a removal comes between. */
static bool told_later(const struct transaction *t, const struct tx_change *k)
{
	for (struct list *l = k->link.next; l != &t->changes; l = l->next) {
		const struct tx_change *other = list_entry(l, struct tx_change, link);

		if (other->path_len == k->path_len && !memcmp(other->data, k->data, k->path_len))
			return other->kind == k->kind ||
			       (other->kind != CHANGE_RM && k->kind != CHANGE_RM);
	}
	return false;
}

/* Tell the watchers of everything that led from `before` to the store's tree. */
static void tell_all(struct store *s, struct transaction *t, struct node *before)
{
	struct tree old = { .root = before };
	struct path path;

	if (!s->watches.n_watches)
		return;
	list_for_each (l, &t->changes) {
		struct tx_change *k = list_entry(l, struct tx_change, link);
		struct change ch;
		struct found f;

		if (told_later(t, k))
			continue;
		transaction_change(k, &path, &ch);
		tree_find(&old, path.s, path.len, &f);
		store_tell(s, &ch, ch.kind == CHANGE_RM ? f.node : NULL,
			f.node ? f.node->perms : f.last->perms);
	}
}

int transaction_commit(struct store *s, struct transaction *t)
{
	bool changed = !list_empty(&t->changes);
	struct tree merged, *next = &t->tree;
	struct node *before;
	int err = 0;

	if (t->spoiled || !transaction_holds(t, &s->tree))
		err = EAGAIN;
	if (!err && changed && s->tree.root != t->base) {
		tree_fork(&merged, &s->tree);
		merged.trusted = t->tree.trusted;
		next = &merged;
		err = redo(t, next);
	}
	if (!err && changed && spoils_protected(s, t, next))
		err = EAGAIN;
	if (!err && changed)
		err = journal_reserve(s->journal);
	if (!err && changed)
		err = tree_settle(next);
	if (err == EAGAIN) {
		transaction_set_tries(t->conn, t->conn->tries + 1);
		s->stats.conflicts++;
	} else if (!err) {
		transaction_set_tries(t->conn, 0);
		s->stats.commits++;
	}
	if (!err && changed) {
		before = s->tree.root;
		s->tree.root = next->root;
		s->tree.weight = next->weight;
		next->root = NULL;
		list_for_each (l, &t->changes) {
			struct path path;
			struct change ch;

			transaction_change(list_entry(l, struct tx_change, link), &path, &ch);
			journal_change(s->journal, &ch);
		}
		tell_all(s, t, before);
		node_put(before);
	}
	if (next == &merged)
		tree_drop(&merged);
	transaction_drop(t);
	return err;
}
