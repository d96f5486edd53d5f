/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One node of the store and the set of its children.
 * Nodes are reference counted and, as soon as two holders share one (a transaction keeps the root
 * that it started from), immutable: whoever wants to change a shared node makes its own copy, which
 * shares everything below. A node is changed in place only when every node from its root down to it
 * has exactly one reference. Children are sorted by name, in pages of at most KID_PAGE_MAX, so that
 * a copy of a directory of n costs n / 32, and finding one is two binary searches. Nothing here
 * recurses.
 */
#ifndef XENSTORE_NODE_H
#define XENSTORE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "path.h"

struct perms;

#define KID_PAGE_MAX 64

struct kid_page {
	uint32_t refs;
	uint16_t n, cap;
	struct node *kid[];
};

struct kids {
	uint32_t refs;
	uint32_t count;		 /* children in all pages together */
	uint32_t n, cap;	 /* pages */
	struct kid_page *page[]; /* none of them empty */
};

struct node {
	uint32_t refs;
	uint16_t name_len;
	uint16_t value_len;
	struct perms *perms; /* own reference */
	struct kids *kids;   /* own reference; NULL: no children */
	char data[];	     /* name, then value; neither ends with NUL */
};

static inline const char *node_value(const struct node *n)
{
	return n->data + n->name_len;
}

/*
 * Bytes that a node is charged for: what it takes in memory with the allocator's and its place in
 * the parent, and twice what it takes in a log file.
 */
static inline int64_t node_bytes(uint32_t name_len, uint32_t value_len)
{
	return 320 + 3 * ((int64_t)name_len + value_len);
}

/* What a node weighs as part of a version of the tree: with the copies of its parent's pages. */
static inline int64_t node_weight(const struct node *n)
{
	return 256 + node_bytes(n->name_len, n->value_len);
}

/* The weight of all nodes of all versions that there are. */
extern int64_t node_all_weight;

static inline uint32_t node_count_kids(const struct node *n)
{
	return n->kids ? n->kids->count : 0;
}

/* A new node with one reference and no children; takes its own reference to `perms`. NULL: out of
 * memory. */
struct node *node_new(const char *name, uint32_t name_len, const void *value, uint32_t value_len,
	struct perms *perms);
static inline struct node *node_get(struct node *n)
{
	n->refs++;
	return n;
}
/* Drop a reference; the last one frees the node and what only it held. NULL is right. */
void node_put(struct node *n);

/* The child of that name, or NULL. Borrowed. */
struct node *node_kid(const struct node *n, const char *name, uint32_t len);

/*
 * The following change *slot, the only reference to its node's way up (see above). All return 0 or
 * ENOMEM, and on ENOMEM the tree reads the same as before.
 */
/* Make the node in *slot our own. */
int node_own(struct node **slot);
/* Own the child's slot of that name, which exists: *kid points to where its parent holds it. `n` is
 * already our own. */
int node_own_kid(struct node *n, const char *name, uint32_t len, struct node ***kid);
/* Link `kid` (its reference moves into the tree); no child has its name yet. */
int node_add_kid(struct node *n, struct node *kid);
/* Unlink the child of that name, which exists; its reference moves to the caller by *kid. */
int node_del_kid(struct node *n, const char *name, uint32_t len, struct node **kid);
/* Give the node in *slot, our own, another value. */
int node_set_value(struct node **slot, const void *value, uint32_t len);

/* Step through children in order: start with zeros; NULL at the end. */
struct kid_iter {
	uint32_t page, at;
};
struct node *node_kid_next(const struct node *n, struct kid_iter *it);

/* Are the names of the children the same? */
bool node_same_kids(const struct node *a, const struct node *b);
bool node_same_value(const struct node *a, const struct node *b);

/*
 * Walk a subtree without recursion, parents before children. `depth` is 0 for `top`. The stack is
 * allocated once; walk_next() cannot fail.
 */
struct walk {
	struct walk_level {
		struct node *node;
		struct kid_iter it;
		uint32_t path_len;
	} * level;
	int depth;
	bool started;
	struct path path; /* of the node that walk_next() gave last */
};
/* `at` is the path of `top`. ENOMEM, and then walk_end() is not due. */
int walk_start(struct walk *w, struct node *top, const char *at, uint32_t len);
struct node *walk_next(struct walk *w);
/* Do not go into the children of the node that walk_next() gave last. */
void walk_skip(struct walk *w);
void walk_end(struct walk *w);

#endif
