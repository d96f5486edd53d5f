/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole state of one store, and how a change is made in it; see store.h. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "report.h"

uint64_t store_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int make_first_nodes(struct store *s)
{
	static const char *const first[] = { "/local", "/tool", "/tool/xenstored" };
	struct perm p = { .dom = s->dom0, .access = PERM_NONE };
	struct perms *perms = perms_new(&p, 1);
	struct path path;
	int err = perms ? 0 : ENOMEM;

	if (!err) {
		s->introduce_perms = perms_get(perms);
		s->release_perms = perms_get(perms);
		s->tree.root = node_new("", 0, NULL, 0, perms);
		err = s->tree.root ? 0 : ENOMEM;
	}
	if (!err)
		quota_force(s->dom0, QUOTA_NODES, 1);
	if (!err)
		quota_force(s->dom0, QUOTA_MEMORY, tree_node_bytes(s->tree.root));
	if (!err)
		s->tree.weight = node_weight(s->tree.root);
	for (unsigned int i = 0; !err && i < sizeof(first) / sizeof(first[0]); i++) {
		path_resolve(&path, first[i], strlen(first[i]), 0);
		err = tree_mkdir(&s->tree, &path, perms);
	}
	perms_put(perms);
	return err;
}

int store_init(struct store *s)
{
	memset(s, 0, sizeof(*s));
	list_init(&s->domains);
	list_init(&s->conns);
	list_init(&s->ready);
	list_init(&s->transactions);
	s->others_weight = node_all_weight;
	s->next_generation = 1;
	s->next_conn = 1;
	s->clock_ms = store_clock_ms;
	for (int q = 0; q < QUOTA_COUNT; q++)
		s->quota[q] = quota_info[q].initial;
	s->by_id = calloc(DOMID_LAST + 1, sizeof(s->by_id[0]));
	if (!s->by_id)
		return ENOMEM;
	s->dom0 = domain_restore(s, 0, 0, true);
	return s->dom0 ? make_first_nodes(s) : ENOMEM;
}

void store_free(struct store *s)
{
	while (!list_empty(&s->conns))
		conn_close(list_entry(s->conns.next, struct conn, all));
	tree_drop(&s->tree);
	perms_put(s->introduce_perms);
	perms_put(s->release_perms);
	while (s->by_id && !list_empty(&s->domains))
		domain_forget(s, list_entry(s->domains.next, struct domain, all));
	domain_put(s->dom0);
	free(s->by_id);
	free(s->watches.bucket);
	free(s->watches.hit);
}

int store_change_tree(struct tree *t, const struct change *ch, struct node **gone)
{
	switch (ch->kind) {
	case CHANGE_WRITE: return tree_write(t, ch->path, ch->value, ch->len, ch->perms);
	case CHANGE_MKDIR: return tree_mkdir(t, ch->path, ch->perms);
	case CHANGE_RM: return tree_rm(t, ch->path, gone);
	case CHANGE_PERMS: return tree_set_perms(t, ch->path, ch->perms);
	}
	return EINVAL;
}

void store_tell(
	struct store *s, const struct change *ch, struct node *gone, const struct perms *old)
{
	struct audience who = { .old = old };
	struct found f;

	if (!s->watches.n_watches)
		return;
	tree_find(&s->tree, ch->path->s, ch->path->len, &f);
	if (gone) {
		watch_fire_removed(s, ch->path, gone, f.last->perms);
		return;
	}
	who.node = f.node ? f.node->perms : NULL;
	who.parent = f.parent ? f.parent->perms : NULL;
	watch_fire(s, ch->path->s, ch->path->len, &who, false);
}

int store_change(struct store *s, const struct change *ch)
{
	struct node *gone = NULL;
	struct perms *old = NULL;
	struct found f;
	int err;

	if (ch->kind == CHANGE_PERMS) {
		tree_find(&s->tree, ch->path->s, ch->path->len, &f);
		old = perms_get(f.node->perms);
	}
	err = journal_reserve(s->journal);
	if (!err)
		err = store_change_tree(&s->tree, ch, &gone);
	if (!err) {
		journal_change(s->journal, ch);
		store_tell(s, ch, gone, old);
	}
	node_put(gone);
	perms_put(old);
	transaction_settle(s);
	return err;
}

int store_change_in(struct transaction *t, const struct change *ch)
{
	int64_t before = node_all_weight;
	struct node *gone = NULL;
	int err = transaction_keep(t, ch);

	if (err)
		return err;
	err = store_change_tree(&t->tree, ch, &gone);
	if (err)
		transaction_unkeep(t);
	else
		journal_tx_change(t->conn->store->journal, t, ch);
	node_put(gone);
	t->own += node_all_weight - before;
	t->conn->store->tx_own += node_all_weight - before;
	return err;
}

/* Paths, each with a NUL behind it. */
struct paths {
	char *s;
	size_t len, cap;
};

static bool paths_add(struct paths *ps, const struct path *p)
{
	if (ps->len + p->len + 1 > ps->cap) {
		size_t cap = ps->cap ? 2 * ps->cap : 4096;
		char *s = realloc(ps->s, cap);

		if (!s)
			return false;
		ps->s = s;
		ps->cap = cap;
	}
	memcpy(ps->s + ps->len, p->s, p->len + 1);
	ps->len += p->len + 1;
	return true;
}

/* Nodes of `d`, without those below another one: all, or as many as there is memory for. */
static void find_owned(struct store *s, const struct domain *d, struct paths *ps)
{
	struct walk w;
	struct node *n;

	if (walk_start(&w, s->tree.root, "/", 1))
		return;
	while ((n = walk_next(&w))) {
		if (perms_owner(n->perms) != d || path_is_root(&w.path))
			continue;
		if (!paths_add(ps, &w.path))
			break;
		walk_skip(&w);
	}
	walk_end(&w);
}

void store_remove_owned(struct store *s, struct domain *d)
{
	struct paths ps = { .s = NULL };
	int err = 0;

	while (d->use[QUOTA_NODES] && !err) {
		ps.len = 0;
		find_owned(s, d, &ps);
		if (!ps.len)
			break;
		for (size_t at = 0; at < ps.len && !err;) {
			struct path p = { .len = (uint32_t)strlen(ps.s + at) };
			struct change ch = { .kind = CHANGE_RM, .path = &p };

			memcpy(p.s, ps.s + at, p.len + 1);
			err = store_change(s, &ch);
			at += p.len + 1;
		}
	}
	free(ps.s);
	if (d->use[QUOTA_NODES])
		report("%llu nodes of domain %u could not be removed",
			(unsigned long long)d->use[QUOTA_NODES], d->domid);
}
