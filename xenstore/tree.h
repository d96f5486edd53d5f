/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of nodes that can be changed: the store's own one and that of each transaction. Changes of
 * ownership are accounted here, at once for the store's tree, in a list of differences for a
 * transaction's. Whether somebody may do something is not asked here (access.c).
 */
#ifndef XENSTORE_TREE_H
#define XENSTORE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "node.h"
#include "path.h"
#include "perms.h"

struct domain;

/* What a transaction would change of a domain's use. */
struct tree_delta {
	struct domain *dom; /* own reference */
	int64_t nodes, bytes;
};

struct tree {
	struct node *root; /* own reference */
	bool deferred;	   /* differences are kept in delta, not yet charged */
	bool trusted;	   /* who changes it is dom0: counted, never refused */
	int64_t weight;	   /* of its nodes, see node_weight() */
	uint32_t n_delta, cap_delta;
	struct tree_delta *delta;
};

/* Where a look-up ended. All borrowed. */
struct found {
	struct node *node;   /* NULL: not there */
	struct node *last;   /* the node, or else the nearest one above it that is there */
	struct node *parent; /* the node's, or NULL */
	uint32_t known;	     /* bytes of the path of `last` */
	uint32_t missing;    /* components that are not there */
};

void tree_find(const struct tree *t, const char *path, uint32_t len, struct found *f);

/* All of these return 0, ENOMEM or ENOSPC (quota), and change nothing when they fail. */
/* Write the value; what is missing on the way is made with `perms`, the node too. */
int tree_write(
	struct tree *t, const struct path *p, const void *value, uint32_t len, struct perms *perms);
/* Make the node and what is missing above it; 0 also when it is there. */
int tree_mkdir(struct tree *t, const struct path *p, struct perms *perms);
/* The node is there and not the root. Its subtree moves to the caller by *gone. */
int tree_rm(struct tree *t, const struct path *p, struct node **gone);
/* The node is there. */
int tree_set_perms(struct tree *t, const struct path *p, struct perms *perms);

/* A transaction's tree over `base`. */
void tree_fork(struct tree *t, const struct tree *base);
/* Charge the differences, if the quotas still allow it (ENOSPC), and forget them. */
int tree_settle(struct tree *t);
/* A difference of a transaction that comes back from the log. 0 or ENOMEM. */
int tree_add_delta(struct tree *t, struct domain *dom, int64_t nodes, int64_t bytes);
void tree_drop(struct tree *t);
/* Bytes that the node is charged for. */
static inline int64_t tree_node_bytes(const struct node *n)
{
	return node_bytes(n->name_len, n->value_len);
}

#endif
