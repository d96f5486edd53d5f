/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches; see watch.h. */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "node.h"
#include "perms.h"
#include "store.h"

/* With its point, its places in the index, and twice what it takes in a log file. */
#define WATCH_BYTES(token, path) \
	(uint32_t)(sizeof(struct watch) + sizeof(struct watch_point) + 160 + 3 * ((token) + (path)))

static struct watch_point *point_find(
	const struct watch_index *x, uint32_t hash, const char *path, uint32_t len)
{
	struct watch_point *p;

	if (!x->n_buckets)
		return NULL;
	for (p = x->bucket[hash & (x->n_buckets - 1)]; p; p = p->next)
		if (p->hash == hash && p->len == len && !memcmp(p->path, path, len))
			return p;
	return NULL;
}

static int index_grow(struct watch_index *x)
{
	uint32_t n = x->n_buckets ? x->n_buckets * 2 : 64;
	struct watch_point **bucket = calloc(n, sizeof(*bucket));

	if (!bucket)
		return ENOMEM;
	for (uint32_t i = 0; i < x->n_buckets; i++) {
		while (x->bucket[i]) {
			struct watch_point *p = x->bucket[i];

			x->bucket[i] = p->next;
			p->next = bucket[p->hash & (n - 1)];
			bucket[p->hash & (n - 1)] = p;
		}
	}
	free(x->bucket);
	x->bucket = bucket;
	x->n_buckets = n;
	return 0;
}

static struct watch_point *point_make(struct watch_index *x, const struct path *path)
{
	uint32_t hash = path_hash(path->s, path->len);
	struct watch_point *p = point_find(x, hash, path->s, path->len);

	if (p)
		return p;
	if (x->n_points >= x->n_buckets && index_grow(x))
		return NULL;
	p = malloc(sizeof(*p) + path->len + 1);
	if (!p)
		return NULL;
	p->hash = hash;
	p->len = path->len;
	memcpy(p->path, path->s, path->len + 1);
	list_init(&p->watches);
	p->next = x->bucket[hash & (x->n_buckets - 1)];
	x->bucket[hash & (x->n_buckets - 1)] = p;
	x->n_points++;
	return p;
}

static void point_free_if_unused(struct watch_index *x, struct watch_point *p)
{
	struct watch_point **at;

	if (!list_empty(&p->watches))
		return;
	for (at = &x->bucket[p->hash & (x->n_buckets - 1)]; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	x->n_points--;
	free(p);
}

/* Room in ->hit for one watch more than there are. */
static int hit_reserve(struct watch_index *x)
{
	struct watch **hit;
	uint32_t cap = x->hit_cap ? x->hit_cap * 2 : 64;

	if (x->n_watches < x->hit_cap)
		return 0;
	hit = realloc(x->hit, cap * sizeof(*hit));
	if (!hit)
		return ENOMEM;
	x->hit = hit;
	x->hit_cap = cap;
	return 0;
}

uint32_t watch_bytes(const struct watch *w)
{
	return WATCH_BYTES(w->token_len, w->point->len);
}

static struct watch *watch_find(
	const struct watch_point *p, const struct conn *c, const char *token, uint32_t token_len)
{
	list_for_each (l, &p->watches) {
		struct watch *w = list_entry(l, struct watch, at);

		if (w->conn == c && w->token_len == token_len &&
			!memcmp(w->token, token, token_len))
			return w;
	}
	return NULL;
}

static struct watch *watch_new(
	struct conn *c, struct watch_point *p, uint32_t home, const char *token, uint32_t token_len)
{
	struct watch *w = calloc(1, sizeof(*w) + token_len);

	if (!w)
		return NULL;
	w->point = p;
	w->conn = c;
	w->home = (uint16_t)home;
	w->token_len = (uint16_t)token_len;
	memcpy(w->token, token, token_len);
	return w;
}

int watch_add(struct store *s, struct conn *c, const struct path *path, const char *token,
	uint32_t token_len, struct watch **made)
{
	struct watch_index *x = &s->watches;
	uint64_t bytes = WATCH_BYTES(token_len, path->len);
	struct watch_point *p = point_find(x, path_hash(path->s, path->len), path->s, path->len);
	struct watch *w;

	if (p && watch_find(p, c, token, token_len))
		return EEXIST;
	if (!quota_charge(c->dom, QUOTA_WATCHES, 1))
		return E2BIG;
	if (!quota_charge(c->dom, QUOTA_MEMORY, bytes)) {
		quota_release(c->dom, QUOTA_WATCHES, 1);
		return E2BIG;
	}
	p = hit_reserve(x) ? NULL : point_make(x, path);
	w = p ? watch_new(c, p, path->home, token, token_len) : NULL;
	if (!w) {
		if (p)
			point_free_if_unused(x, p);
		quota_release(c->dom, QUOTA_WATCHES, 1);
		quota_release(c->dom, QUOTA_MEMORY, bytes);
		return ENOMEM;
	}
	w->order = x->next_order++;
	list_append(&p->watches, &w->at);
	list_append(&c->watches, &w->of_conn);
	x->n_watches++;
	if (made)
		*made = w;
	return 0;
}

static void watch_free(struct store *s, struct watch *w)
{
	quota_release(w->conn->dom, QUOTA_WATCHES, 1);
	quota_release(w->conn->dom, QUOTA_MEMORY, watch_bytes(w));
	list_remove(&w->at);
	list_remove(&w->of_conn);
	point_free_if_unused(&s->watches, w->point);
	s->watches.n_watches--;
	free(w);
}

int watch_remove(struct store *s, struct conn *c, const struct path *path, const char *token,
	uint32_t token_len)
{
	struct watch_point *p =
		point_find(&s->watches, path_hash(path->s, path->len), path->s, path->len);
	struct watch *w = p ? watch_find(p, c, token, token_len) : NULL;

	if (!w)
		return ENOENT;
	watch_free(s, w);
	return 0;
}

void watch_remove_all(struct store *s, struct conn *c)
{
	list_for_each_safe (l, after, &c->watches)
		watch_free(s, list_entry(l, struct watch, of_conn));
}

static bool may_read(const struct perms *p, const struct domain *d)
{
	return p && perms_allow(p, d) & PERM_READ;
}

static bool may_hear(const struct audience *who, const struct domain *d)
{
	return domain_is_privileged(d) || may_read(who->node, d) || may_read(who->parent, d) ||
	       may_read(who->old, d);
}

static int by_order(const void *a, const void *b)
{
	const struct watch *x = *(struct watch *const *)a, *y = *(struct watch *const *)b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static uint32_t collect(struct watch_index *x, uint32_t n, uint32_t hash, const char *path,
	uint32_t len, const struct audience *who)
{
	struct watch_point *p = point_find(x, hash, path, len);
	const struct conn *asked = NULL;
	bool hears = false;

	if (!p)
		return n;
	list_for_each (l, &p->watches) {
		struct watch *w = list_entry(l, struct watch, at);

		/* A client's watches at one path mostly follow each other. */
		if (w->conn != asked) {
			asked = w->conn;
			hears = may_hear(who, asked->dom);
		}
		if (hears)
			x->hit[n++] = w;
	}
	return n;
}

static void tell(struct watch_index *x, uint32_t n, const char *path, uint32_t len)
{
	if (n > 1)
		qsort(x->hit, n, sizeof(x->hit[0]), by_order);
	for (uint32_t i = 0; i < n; i++)
		conn_event(x->hit[i]->conn, x->hit[i], path, len);
}

void watch_fire(
	struct store *s, const char *path, uint32_t len, const struct audience *who, bool exact)
{
	struct watch_index *x = &s->watches;
	uint32_t hash = PATH_HASH_START, n = 0;

	if (!x->n_watches)
		return;
	if (exact) {
		n = collect(x, 0, path_hash(path, len), path, len, who);
	} else if (path[0] == '/') {
		n = collect(x, 0, path_hash_step(hash, '/'), path, 1, who);
		for (uint32_t i = 0; i < len; i++) {
			if (path[i] == '/' && i)
				n = collect(x, n, hash, path, i, who);
			hash = path_hash_step(hash, path[i]);
		}
		if (len > 1)
			n = collect(x, n, hash, path, len, who);
	}
	if (n)
		tell(x, n, path, len);
}

/* Everything below `gone`. */
static void fire_below(struct store *s, const struct path *p, struct node *gone)
{
	const struct perms **up = malloc((PATH_DEPTH_MAX + 2) * sizeof(*up));
	struct walk w;
	struct node *n;

	if (!up || walk_start(&w, gone, p->s, p->len)) {
		free(up);
		conn_all_lost_events(s);
		return;
	}
	while ((n = walk_next(&w))) {
		struct audience who = { .node = n->perms };

		up[w.depth] = n->perms;
		if (!w.depth)
			continue;
		who.parent = up[w.depth - 1];
		watch_fire(s, w.path.s, w.path.len, &who, true);
	}
	walk_end(&w);
	free(up);
}

void watch_fire_removed(
	struct store *s, const struct path *p, struct node *gone, const struct perms *parent)
{
	struct audience who = { .node = gone->perms, .parent = parent };

	if (gone->kids && s->watches.n_watches)
		fire_below(s, p, gone);
	watch_fire(s, p->s, p->len, &who, false);
}

void watch_fire_special(struct store *s, const char *name, unsigned int domid)
{
	const struct perms *perms =
		strcmp(name, "@introduceDomain") ? s->release_perms : s->introduce_perms;
	struct audience who = { .node = perms };
	char one[64];

	watch_fire(s, name, (uint32_t)strlen(name), &who, true);
	snprintf(one, sizeof(one), "%s/%u", name, domid);
	watch_fire(s, one, (uint32_t)strlen(one), &who, true);
}

void watch_fire_first(struct watch *w)
{
	conn_event(w->conn, w, w->point->path, w->point->len);
}
