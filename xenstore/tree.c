/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of nodes that can be changed; see tree.h. Check (allocate, charge), then commit. */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"

void tree_find(const struct tree *t, const char *path, uint32_t len, struct found *f)
{
	struct component c;
	bool more = path_first(path, len, &c);

	f->node = f->last = t->root;
	f->parent = NULL;
	f->known = 1;
	f->missing = 0;
	for (; more; more = path_next(path, len, &c)) {
		struct node *kid = f->node ? node_kid(f->node, c.name, c.len) : NULL;

		f->parent = f->node;
		f->node = kid;
		if (kid) {
			f->last = kid;
			f->known = (uint32_t)(c.name - path) + c.len;
		} else {
			f->missing++;
		}
	}
	if (!f->node)
		f->parent = NULL;
}

/* The place of `dom` in the differences; NULL: out of memory. */
static struct tree_delta *delta_of(struct tree *t, struct domain *dom)
{
	for (uint32_t i = 0; i < t->n_delta; i++)
		if (t->delta[i].dom == dom)
			return &t->delta[i];
	if (t->n_delta == t->cap_delta) {
		uint32_t cap = t->cap_delta ? t->cap_delta * 2 : 4;
		struct tree_delta *d = realloc(t->delta, cap * sizeof(*d));

		if (!d)
			return NULL;
		t->delta = d;
		t->cap_delta = cap;
	}
	t->delta[t->n_delta] = (struct tree_delta){ .dom = domain_get(dom) };
	return &t->delta[t->n_delta++];
}

/* What a domain would have: a transaction may have removed what is gone from the store already. */
static uint64_t would_have(const struct domain *dom, enum quota q, int64_t delta)
{
	int64_t n = (int64_t)dom->use[q] + delta;

	return n < 0 ? 0 : (uint64_t)n;
}

static bool charge_allowed(
	struct domain *dom, const struct tree_delta *d, int64_t nodes, int64_t bytes)
{
	if (nodes > 0 && !quota_allows(dom, QUOTA_NODES, would_have(dom, QUOTA_NODES, d->nodes),
				 (uint64_t)nodes))
		return false;
	return bytes <= 0 || quota_allows(dom, QUOTA_MEMORY,
				     would_have(dom, QUOTA_MEMORY, d->bytes), (uint64_t)bytes);
}

/* Charge `dom`, or refuse. Zero or less never fails, except by ENOMEM in a transaction. */
static int charge(struct tree *t, struct domain *dom, int64_t nodes, int64_t bytes)
{
	struct tree_delta none = { 0 }, *d = &none;

	if (t->deferred) {
		d = delta_of(t, dom);
		if (!d)
			return ENOMEM;
	}
	if (!t->trusted && !charge_allowed(dom, d, nodes, bytes))
		return ENOSPC;
	if (t->deferred) {
		d->nodes += nodes;
		d->bytes += bytes;
	} else {
		quota_force(dom, QUOTA_NODES, nodes);
		quota_force(dom, QUOTA_MEMORY, bytes);
	}
	t->weight += 256 * nodes + bytes;
	return 0;
}

/* Own every node from the root to the end of `path`, which is there: *slot is where the last one is
 * held. */
static int own_path(struct tree *t, const char *path, uint32_t len, struct node ***slot)
{
	struct component c;
	bool more = path_first(path, len, &c);

	*slot = &t->root;
	if (node_own(*slot))
		return ENOMEM;
	for (; more; more = path_next(path, len, &c))
		if (node_own_kid(**slot, c.name, c.len, slot))
			return ENOMEM;
	return 0;
}

/* The missing end of a path as a chain of new nodes: its top by *top. Charged to the owner by the
 * caller. */
static int build_chain(const struct path *p, uint32_t known, const void *value, uint32_t len,
	struct perms *perms, struct node **top, int64_t *bytes)
{
	struct node *below = NULL;
	uint32_t end = p->len;

	*bytes = 0;
	while (end > known) {
		uint32_t start = path_parent_len(p->s, end);
		const char *name = p->s + (start == 1 ? 1 : start + 1);
		uint32_t name_len = (uint32_t)(p->s + end - name);
		struct node *n = node_new(name, name_len, value, len, perms);

		if (!n || (below && node_add_kid(n, below))) {
			node_put(n);
			node_put(below);
			return ENOMEM;
		}
		*bytes += tree_node_bytes(n);
		below = n;
		len = 0;
		end = start == 1 ? 0 : start;
	}
	*top = below;
	return 0;
}

static int create(struct tree *t, const struct path *p, const struct found *f, const void *value,
	uint32_t len, struct perms *perms)
{
	struct domain *owner = perms_owner(perms);
	struct node *top, **slot;
	int64_t bytes;
	int err = build_chain(p, f->known, value, len, perms, &top, &bytes);

	if (err)
		return err;
	err = own_path(t, p->s, f->known, &slot);
	if (!err)
		err = charge(t, owner, f->missing, bytes);
	if (!err && node_add_kid(*slot, top)) {
		charge(t, owner, -(int64_t)f->missing, -bytes);
		err = ENOMEM;
	}
	if (err)
		node_put(top);
	return err;
}

int tree_write(
	struct tree *t, const struct path *p, const void *value, uint32_t len, struct perms *perms)
{
	struct domain *owner;
	struct node **slot;
	struct found f;
	int64_t bytes;
	int err;

	tree_find(t, p->s, p->len, &f);
	if (!f.node)
		return create(t, p, &f, value, len, perms);
	owner = perms_owner(f.node->perms);
	bytes = node_bytes(f.node->name_len, len) - tree_node_bytes(f.node);
	if (own_path(t, p->s, p->len, &slot))
		return ENOMEM;
	err = charge(t, owner, 0, bytes);
	if (err)
		return err;
	if (node_set_value(slot, value, len)) {
		charge(t, owner, 0, -bytes);
		return ENOMEM;
	}
	return 0;
}

int tree_mkdir(struct tree *t, const struct path *p, struct perms *perms)
{
	struct found f;

	tree_find(t, p->s, p->len, &f);
	return f.node ? 0 : create(t, p, &f, NULL, 0, perms);
}

/* Discharge everything in a subtree. In a transaction the places in the differences are made first,
 * so nothing fails. */
static int discharge_subtree(struct tree *t, struct node *top)
{
	struct walk w;
	struct node *n;
	int err = 0;

	if (!top->kids)
		return charge(t, perms_owner(top->perms), -1, -tree_node_bytes(top));
	if (t->deferred) {
		if (walk_start(&w, top, "/", 1))
			return ENOMEM;
		while (!err && (n = walk_next(&w)))
			err = delta_of(t, perms_owner(n->perms)) ? 0 : ENOMEM;
		walk_end(&w);
	}
	if (err || walk_start(&w, top, "/", 1))
		return ENOMEM;
	while ((n = walk_next(&w)))
		charge(t, perms_owner(n->perms), -1, -tree_node_bytes(n));
	walk_end(&w);
	return 0;
}

int tree_rm(struct tree *t, const struct path *p, struct node **gone)
{
	uint32_t up = path_parent_len(p->s, p->len);
	const char *name = p->s + (up == 1 ? 1 : up + 1);
	uint32_t name_len = (uint32_t)(p->s + p->len - name);
	struct node **slot, **kid;
	int err = own_path(t, p->s, up, &slot);

	/* Own the child's slot too, so that what follows cannot fail after the accounting. */
	if (err || node_own_kid(*slot, name, name_len, &kid))
		return ENOMEM;
	err = discharge_subtree(t, *kid);
	return err ? err : node_del_kid(*slot, name, name_len, gone);
}

int tree_set_perms(struct tree *t, const struct path *p, struct perms *perms)
{
	struct domain *from, *to = perms_owner(perms);
	struct node **slot, *n;
	int err;

	if (own_path(t, p->s, p->len, &slot))
		return ENOMEM;
	n = *slot;
	from = perms_owner(n->perms);
	if (from != to) {
		if (t->deferred && !delta_of(t, from))
			return ENOMEM;
		err = charge(t, to, 1, tree_node_bytes(n));
		if (err)
			return err;
		charge(t, from, -1, -tree_node_bytes(n));
	}
	perms_get(perms);
	perms_put(n->perms);
	n->perms = perms;
	return 0;
}

void tree_fork(struct tree *t, const struct tree *base)
{
	memset(t, 0, sizeof(*t));
	t->root = node_get(base->root);
	t->weight = base->weight;
	t->deferred = true;
}

int tree_add_delta(struct tree *t, struct domain *dom, int64_t nodes, int64_t bytes)
{
	struct tree_delta *d = delta_of(t, dom);

	if (!d)
		return ENOMEM;
	d->nodes += nodes;
	d->bytes += bytes;
	return 0;
}

static void forget_deltas(struct tree *t)
{
	for (uint32_t i = 0; i < t->n_delta; i++)
		domain_put(t->delta[i].dom);
	free(t->delta);
	t->delta = NULL;
	t->n_delta = t->cap_delta = 0;
}

int tree_settle(struct tree *t)
{
	for (uint32_t i = 0; !t->trusted && i < t->n_delta; i++) {
		struct domain *d = t->delta[i].dom;
		int64_t nodes = t->delta[i].nodes, bytes = t->delta[i].bytes;

		if (nodes > 0 &&
			!quota_allows(d, QUOTA_NODES, d->use[QUOTA_NODES], (uint64_t)nodes))
			return ENOSPC;
		if (bytes > 0 &&
			!quota_allows(d, QUOTA_MEMORY, d->use[QUOTA_MEMORY], (uint64_t)bytes))
			return ENOSPC;
	}
	for (uint32_t i = 0; i < t->n_delta; i++) {
		quota_force(t->delta[i].dom, QUOTA_NODES, t->delta[i].nodes);
		quota_force(t->delta[i].dom, QUOTA_MEMORY, t->delta[i].bytes);
	}
	forget_deltas(t);
	t->deferred = false;
	return 0;
}

void tree_drop(struct tree *t)
{
	forget_deltas(t);
	node_put(t->root);
	t->root = NULL;
}
