/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One node and the set of its children; see node.h for who may change what. */
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "perms.h"

int64_t node_all_weight;

struct node *node_new(const char *name, uint32_t name_len, const void *value, uint32_t value_len,
	struct perms *perms)
{
	struct node *n = malloc(sizeof(*n) + name_len + value_len);

	if (!n)
		return NULL;
	n->refs = 1;
	n->name_len = (uint16_t)name_len;
	n->value_len = (uint16_t)value_len;
	n->perms = perms_get(perms);
	n->kids = NULL;
	node_all_weight += node_weight(n);
	memcpy(n->data, name, name_len);
	if (value_len)
		memcpy(n->data + name_len, value, value_len);
	return n;
}

/* Drop one reference to `n`; a dead one goes on the list, linked through ->perms, which is no
 * longer needed. */
static void node_drop(struct node *n, struct node **dead)
{
	if (--n->refs)
		return;
	node_all_weight -= node_weight(n);
	perms_put(n->perms);
	n->perms = (struct perms *)*dead;
	*dead = n;
}

static void page_drop(struct kid_page *p, struct node **dead)
{
	if (--p->refs)
		return;
	for (uint32_t i = 0; i < p->n; i++)
		node_drop(p->kid[i], dead);
	free(p);
}

static void kids_drop(struct kids *k, struct node **dead)
{
	if (!k || --k->refs)
		return;
	for (uint32_t i = 0; i < k->n; i++)
		page_drop(k->page[i], dead);
	free(k);
}

static void dead_free(struct node *dead)
{
	while (dead) {
		struct node *n = dead;

		dead = (struct node *)n->perms;
		kids_drop(n->kids, &dead);
		free(n);
	}
}

void node_put(struct node *n)
{
	struct node *dead = NULL;

	if (!n)
		return;
	node_drop(n, &dead);
	dead_free(dead);
}

static int name_cmp(const struct node *n, const char *name, uint32_t len)
{
	int c = memcmp(n->data, name, n->name_len < len ? n->name_len : len);

	return c ? c : (int)n->name_len - (int)len;
}

/* The page that holds `name`, or would: the last one whose first name is not above it. */
static uint32_t page_find(const struct kids *k, const char *name, uint32_t len)
{
	uint32_t lo = 0, hi = k->n;

	while (hi - lo > 1) {
		uint32_t mid = (lo + hi) / 2;

		if (name_cmp(k->page[mid]->kid[0], name, len) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* The place of `name` in the page, or where it would go in; *found says which. */
static uint32_t slot_find(const struct kid_page *p, const char *name, uint32_t len, bool *found)
{
	uint32_t lo = 0, hi = p->n;

	*found = false;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		int c = name_cmp(p->kid[mid], name, len);

		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct node *node_kid(const struct node *n, const char *name, uint32_t len)
{
	const struct kid_page *p;
	uint32_t at;
	bool found;

	if (!n->kids)
		return NULL;
	p = n->kids->page[page_find(n->kids, name, len)];
	at = slot_find(p, name, len, &found);
	return found ? p->kid[at] : NULL;
}

int node_own(struct node **slot)
{
	struct node *n = *slot, *copy;

	if (n->refs == 1)
		return 0;
	copy = node_new(n->data, n->name_len, node_value(n), n->value_len, n->perms);
	if (!copy)
		return ENOMEM;
	copy->kids = n->kids;
	if (copy->kids)
		copy->kids->refs++;
	n->refs--;
	*slot = copy;
	return 0;
}

static struct kid_page *page_new(uint32_t cap)
{
	struct kid_page *p = malloc(sizeof(*p) + cap * sizeof(p->kid[0]));

	if (p) {
		p->refs = 1;
		p->n = 0;
		p->cap = (uint16_t)cap;
	}
	return p;
}

static struct kids *kids_new(uint32_t cap)
{
	struct kids *k = malloc(sizeof(*k) + cap * sizeof(k->page[0]));

	if (k) {
		k->refs = 1;
		k->count = k->n = 0;
		k->cap = cap;
	}
	return k;
}

/* Own the list of pages, with room for `room` more. */
static int kids_own(struct kids **slot, uint32_t room)
{
	struct kids *k = *slot, *copy;

	if (k->refs == 1 && k->n + room <= k->cap)
		return 0;
	copy = kids_new(k->n + room + (room ? k->n / 4 : 0));
	if (!copy)
		return ENOMEM;
	copy->n = k->n;
	copy->count = k->count;
	memcpy(copy->page, k->page, k->n * sizeof(k->page[0]));
	if (k->refs > 1) {
		for (uint32_t i = 0; i < k->n; i++)
			k->page[i]->refs++;
		k->refs--;
	} else {
		free(k);
	}
	*slot = copy;
	return 0;
}

/* Own one page, with room for `room` more (never beyond KID_PAGE_MAX). */
static int page_own(struct kid_page **slot, uint32_t room)
{
	struct kid_page *p = *slot, *copy;
	uint32_t cap = p->n + room;

	if (p->refs == 1 && cap <= p->cap)
		return 0;
	if (room)
		cap = cap + cap / 2 > KID_PAGE_MAX ? KID_PAGE_MAX : cap + cap / 2;
	copy = page_new(cap);
	if (!copy)
		return ENOMEM;
	copy->n = p->n;
	memcpy(copy->kid, p->kid, p->n * sizeof(p->kid[0]));
	if (p->refs > 1) {
		for (uint32_t i = 0; i < p->n; i++)
			p->kid[i]->refs++;
		p->refs--;
	} else {
		free(p);
	}
	*slot = copy;
	return 0;
}

int node_own_kid(struct node *n, const char *name, uint32_t len, struct node ***kid)
{
	struct kid_page **page;
	uint32_t at;
	bool found;

	if (kids_own(&n->kids, 0))
		return ENOMEM;
	page = &n->kids->page[page_find(n->kids, name, len)];
	if (page_own(page, 0))
		return ENOMEM;
	at = slot_find(*page, name, len, &found);
	if (node_own(&(*page)->kid[at]))
		return ENOMEM;
	*kid = &(*page)->kid[at];
	return 0;
}

/* A full page of our own becomes two; the upper half goes into a new one behind it. */
static int page_split(struct kids *k, uint32_t at)
{
	struct kid_page *p = k->page[at], *upper = page_new(KID_PAGE_MAX);
	uint32_t keep = p->n / 2;

	if (!upper)
		return ENOMEM;
	upper->n = (uint16_t)(p->n - keep);
	memcpy(upper->kid, p->kid + keep, upper->n * sizeof(p->kid[0]));
	p->n = (uint16_t)keep;
	memmove(k->page + at + 2, k->page + at + 1, (k->n - at - 1) * sizeof(k->page[0]));
	k->page[at + 1] = upper;
	k->n++;
	return 0;
}

/* The first child. */
static int kids_start(struct node *n, struct node *kid)
{
	struct kids *k = kids_new(1);
	struct kid_page *p = page_new(2);

	if (!k || !p) {
		free(k);
		free(p);
		return ENOMEM;
	}
	p->kid[p->n++] = kid;
	k->page[k->n++] = p;
	k->count = 1;
	n->kids = k;
	return 0;
}

int node_add_kid(struct node *n, struct node *kid)
{
	struct kid_page *p;
	uint32_t page, at;
	bool found;

	if (!n->kids)
		return kids_start(n, kid);
	page = page_find(n->kids, kid->data, kid->name_len);
	if (n->kids->page[page]->n == KID_PAGE_MAX) {
		if (kids_own(&n->kids, 1) || page_own(&n->kids->page[page], 0) ||
			page_split(n->kids, page))
			return ENOMEM;
		page = page_find(n->kids, kid->data, kid->name_len);
	}
	if (kids_own(&n->kids, 0) || page_own(&n->kids->page[page], 1))
		return ENOMEM;
	p = n->kids->page[page];
	at = slot_find(p, kid->data, kid->name_len, &found);
	memmove(p->kid + at + 1, p->kid + at, (p->n - at) * sizeof(p->kid[0]));
	p->kid[at] = kid;
	p->n++;
	n->kids->count++;
	return 0;
}

int node_del_kid(struct node *n, const char *name, uint32_t len, struct node **kid)
{
	struct kids *k;
	struct kid_page *p;
	uint32_t page, at;
	bool found;

	if (kids_own(&n->kids, 0))
		return ENOMEM;
	k = n->kids;
	page = page_find(k, name, len);
	if (page_own(&k->page[page], 0))
		return ENOMEM;
	p = k->page[page];
	at = slot_find(p, name, len, &found);
	*kid = p->kid[at];
	memmove(p->kid + at, p->kid + at + 1, (p->n - at - 1) * sizeof(p->kid[0]));
	k->count--;
	if (--p->n)
		return 0;
	free(p);
	memmove(k->page + page, k->page + page + 1, (k->n - page - 1) * sizeof(k->page[0]));
	if (--k->n == 0) {
		free(k);
		n->kids = NULL;
	}
	return 0;
}

int node_set_value(struct node **slot, const void *value, uint32_t len)
{
	struct node *n = *slot, *other;

	if (len != n->value_len) {
		other = node_new(n->data, n->name_len, value, len, n->perms);
		if (!other)
			return ENOMEM;
		other->kids = n->kids;
		n->kids = NULL;
		node_put(n);
		*slot = other;
	} else if (len) {
		memcpy(n->data + n->name_len, value, len);
	}
	return 0;
}

struct node *node_kid_next(const struct node *n, struct kid_iter *it)
{
	const struct kids *k = n->kids;

	if (!k || it->page == k->n)
		return NULL;
	if (it->at == k->page[it->page]->n) {
		it->page++;
		it->at = 0;
		if (it->page == k->n)
			return NULL;
	}
	return k->page[it->page]->kid[it->at++];
}

bool node_same_kids(const struct node *a, const struct node *b)
{
	struct kid_iter ia = { 0 }, ib = { 0 };
	const struct node *ka, *kb;

	if (a->kids == b->kids)
		return true;
	if (node_count_kids(a) != node_count_kids(b))
		return false;
	while ((ka = node_kid_next(a, &ia)) && (kb = node_kid_next(b, &ib)))
		if (ka != kb && name_cmp(ka, kb->data, kb->name_len))
			return false;
	return true;
}

bool node_same_value(const struct node *a, const struct node *b)
{
	return a == b || (a->value_len == b->value_len &&
				 !memcmp(node_value(a), node_value(b), a->value_len));
}

int walk_start(struct walk *w, struct node *top, const char *at, uint32_t len)
{
	w->level = malloc((PATH_DEPTH_MAX + 2) * sizeof(*w->level));
	if (!w->level)
		return ENOMEM;
	memcpy(w->path.s, at, len);
	w->path.s[len] = 0;
	w->path.len = len;
	w->level[0] = (struct walk_level){ .node = top, .path_len = len };
	w->depth = 0;
	w->started = false;
	return 0;
}

struct node *walk_next(struct walk *w)
{
	if (!w->started) {
		w->started = true;
		return w->level[0].node;
	}
	while (w->depth >= 0) {
		struct walk_level *l = &w->level[w->depth];
		struct node *kid = l->node ? node_kid_next(l->node, &l->it) : NULL;

		if (kid) {
			w->path.len = l->path_len;
			path_push(&w->path, kid->data, kid->name_len);
			w->level[++w->depth] =
				(struct walk_level){ .node = kid, .path_len = w->path.len };
			return kid;
		}
		w->depth--;
	}
	return NULL;
}

void walk_skip(struct walk *w)
{
	w->level[w->depth].node = NULL;
}

void walk_end(struct walk *w)
{
	free(w->level);
}
