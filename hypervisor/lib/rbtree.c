/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Red-black trees. Invariants: the top is black; a red node has black children; every path from the
 * top down has the same number of black nodes; root->first is the leftmost node. NULL counts as
 * black.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *n)
{
	return n && n->red;
}

/* Put `to` where `from` hangs. */
static void replace_child(struct rb_root *root, struct rb_node *from, struct rb_node *to)
{
	struct rb_node *parent = from->parent;

	if (!parent)
		root->top = to;
	else if (parent->left == from)
		parent->left = to;
	else
		parent->right = to;
	if (to)
		to->parent = parent;
}

static void rotate_left(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *up = n->right;

	replace_child(root, n, up);
	n->right = up->left;
	if (n->right)
		n->right->parent = n;
	up->left = n;
	n->parent = up;
}

static void rotate_right(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *up = n->left;

	replace_child(root, n, up);
	n->left = up->right;
	if (n->left)
		n->left->parent = n;
	up->right = n;
	n->parent = up;
}

static void insert_fix(struct rb_root *root, struct rb_node *n)
{
	while (is_red(n->parent)) {
		struct rb_node *parent = n->parent, *grand = parent->parent;
		bool left = grand->left == parent;
		struct rb_node *uncle = left ? grand->right : grand->left;

		if (is_red(uncle)) {
			parent->red = uncle->red = false;
			grand->red = true;
			n = grand;
			continue;
		}
		if (n == (left ? parent->right : parent->left)) {
			if (left)
				rotate_left(root, parent);
			else
				rotate_right(root, parent);
			parent = n;
		}
		parent->red = false;
		grand->red = true;
		if (left)
			rotate_right(root, grand);
		else
			rotate_left(root, grand);
		break;
	}
	root->top->red = false;
}

void rb_insert(struct rb_root *root, struct rb_node *node,
	bool (*less)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **at = &root->top, *parent = NULL;
	bool leftmost = true;

	while (*at) {
		parent = *at;
		if (less(node, parent)) {
			at = &parent->left;
		} else {
			at = &parent->right;
			leftmost = false;
		}
	}
	*node = (struct rb_node){ .parent = parent, .red = true };
	*at = node;
	if (leftmost)
		root->first = node;
	insert_fix(root, node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *n = node;

	if (n->right) {
		n = n->right;
		while (n->left)
			n = n->left;
		return (struct rb_node *)n;
	}
	while (n->parent && n->parent->right == n)
		n = n->parent;
	return n->parent;
}

/* One step of restoring the count of black nodes where n (may be NULL) hangs below parent; left: on
 * which side. */
static struct rb_node *erase_step(struct rb_root *root, struct rb_node *parent, bool left)
{
	struct rb_node *s = left ? parent->right : parent->left;

	if (is_red(s)) {
		s->red = false;
		parent->red = true;
		if (left)
			rotate_left(root, parent);
		else
			rotate_right(root, parent);
		s = left ? parent->right : parent->left;
	}
	if (!is_red(s->left) && !is_red(s->right)) {
		s->red = true;
		return parent; /* the lack moved up */
	}
	if (!is_red(left ? s->right : s->left)) {
		struct rb_node *near = left ? s->left : s->right;

		near->red = false;
		s->red = true;
		if (left)
			rotate_right(root, s);
		else
			rotate_left(root, s);
		s = near;
	}
	s->red = parent->red;
	parent->red = false;
	if (left) {
		s->right->red = false;
		rotate_left(root, parent);
	} else {
		s->left->red = false;
		rotate_right(root, parent);
	}
	return root->top;
}

static void erase_fix(struct rb_root *root, struct rb_node *n, struct rb_node *parent)
{
	while (n != root->top && !is_red(n)) {
		n = erase_step(root, parent, parent->left == n);
		parent = n->parent;
	}
	if (n)
		n->red = false;
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *child, *parent;
	bool removed_red = node->red;

	if (root->first == node)
		root->first = rb_next(node);
	if (!node->left || !node->right) {
		child = node->left ? node->left : node->right;
		parent = node->parent;
		replace_child(root, node, child);
	} else {
		struct rb_node *heir = node->right;

		while (heir->left)
			heir = heir->left;
		removed_red = heir->red;
		child = heir->right;
		if (heir->parent == node) {
			parent = heir;
		} else {
			parent = heir->parent;
			replace_child(root, heir, child);
			heir->right = node->right;
			heir->right->parent = heir;
		}
		replace_child(root, node, heir);
		heir->left = node->left;
		heir->left->parent = heir;
		heir->red = node->red;
	}
	if (!removed_red)
		erase_fix(root, child, parent);
}
