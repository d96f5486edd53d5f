/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches. They are found by the hash of the watched path: a change looks up each prefix of its
 * path, so watches elsewhere in the tree cost nothing. A change fires watches at its path and
 * above; the removal of a subtree also fires those at each removed path. Events of one change go
 * out in the order in which the watches were set. A client hears of a node only if it may read it
 * or its parent (before or after the change).
 */
#ifndef XENSTORE_WATCH_H
#define XENSTORE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "path.h"

struct conn;
struct node;
struct perms;
struct store;

struct watch_point {
	struct watch_point *next; /* same hash bucket */
	struct list watches;
	uint32_t hash, len;
	char path[];
};

struct watch {
	struct list at;	     /* in its point */
	struct list of_conn; /* in conn->watches, oldest first */
	struct watch_point *point;
	struct conn *conn;
	uint64_t order;
	uint64_t last_pos; /* where in the output of conn its last event starts */
	uint32_t last_len; /* bytes of that event's message; 0: none */
	uint16_t home;	   /* set by a relative path: bytes to cut off */
	uint16_t token_len;
	bool overflowed; /* the one event that stands for all that did not fit is queued */
	char token[];	 /* no NUL */
};

struct watch_index {
	struct watch_point **bucket;
	uint32_t n_buckets, n_points;
	uint64_t n_watches, next_order;
	struct watch **hit; /* room for every watch, so that firing needs no memory */
	uint32_t hit_cap;
};

/* 0, EEXIST, E2BIG (quota) or ENOMEM. `w` (may be NULL) gets the new watch. */
int watch_add(struct store *s, struct conn *c, const struct path *p, const char *token,
	uint32_t token_len, struct watch **w);
/* 0 or ENOENT. */
int watch_remove(struct store *s, struct conn *c, const struct path *p, const char *token,
	uint32_t token_len);
void watch_remove_all(struct store *s, struct conn *c);

/* Who may hear of a change: the permissions of the node and its parent, after and (by `old`)
 * before. Any may be NULL. */
struct audience {
	const struct perms *node, *parent, *old;
};

/* Something changed at `path`; with `exact` only watches at that very path fire. */
void watch_fire(
	struct store *s, const char *path, uint32_t len, const struct audience *who, bool exact);
/* The subtree `gone` was removed from `path`, below a node with permissions `parent`. */
void watch_fire_removed(
	struct store *s, const struct path *p, struct node *gone, const struct perms *parent);
/* "@introduceDomain" or "@releaseDomain", and the same followed by "/domid". */
void watch_fire_special(struct store *s, const char *name, unsigned int domid);

/* Tell this watch alone about its own path. */
void watch_fire_first(struct watch *w);
/* Bytes charged for a watch. */
uint32_t watch_bytes(const struct watch *w);

#endif
