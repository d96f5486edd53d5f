/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A balanced search tree of embedded nodes; the caller compares. Insert and delete are O(log n); no
 * allocation. */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/base.h"

struct rb_node {
	struct rb_node *parent, *left, *right;
	bool red;
};

struct rb_root {
	struct rb_node *top,
		*first; /* first: the least node, so a timer queue's head costs nothing */
};

/* Put node below parent on the side that `less` says; equal nodes keep their order of insertion. */
void rb_insert(struct rb_root *root, struct rb_node *node,
	bool (*less)(const struct rb_node *a, const struct rb_node *b));
void rb_erase(struct rb_root *root, struct rb_node *node);
struct rb_node *rb_next(const struct rb_node *node);
static inline struct rb_node *rb_first(const struct rb_root *root)
{
	return root->first;
}

#endif
