/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions. One is a saved root (what it started from), a tree of its own forked from it, the
 * list of its changes, and for every path what it learned there (existence, value, permissions,
 * children) from the saved root. Commit: if the store still has the saved root, the transaction's
 * tree becomes the store's. If not, everything that was learned must read the same in the store
 * (compared by content, so only a true conflict gives EAGAIN), and then the changes are made again
 * on a fork of the store's tree, which replaces it at once. Fairness: a client whose transactions
 * keep failing is protected: others that would spoil its open transaction get EAGAIN themselves,
 * for a bounded time (see transaction_commit). What a saved root keeps in memory is charged, see
 * transaction_settle().
 */
#ifndef XENSTORE_TRANSACTION_H
#define XENSTORE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "tree.h"

struct conn;
struct store;

enum { LEARN_EXISTS = 1, LEARN_VALUE = 2, LEARN_PERMS = 4, LEARN_KIDS = 8 };
enum change_kind { CHANGE_WRITE = 1, CHANGE_MKDIR, CHANGE_RM, CHANGE_PERMS };

/* One change, of the store or of a transaction: what the log keeps and what a commit does again. */
struct change {
	enum change_kind kind;
	const struct path *path;
	const void *value; /* WRITE */
	uint32_t len;
	struct perms *perms; /* WRITE, MKDIR: of what is created; PERMS: the new ones */
};

struct tx_change {
	struct list link;
	enum change_kind kind;
	uint32_t path_len, value_len;
	struct perms *perms; /* own reference, or NULL */
	char data[];	     /* path, then value */
};

struct tx_entry {
	struct tx_entry *next;
	uint32_t hash, len;
	uint8_t learned, wrote;
	char path[];
};

#define TX_BUCKETS 32

struct transaction {
	struct list of_conn;
	struct list all; /* in store->transactions */
	uint64_t number; /* in the order of start, of all clients */
	struct conn *conn;
	uint32_t id;
	bool spoiled; /* given up: everything in it is EAGAIN, and so is its end */
	uint32_t n_entries;
	uint64_t bytes;	   /* charged to the client's domain */
	uint64_t pinned;   /* the same, for old versions that are kept for it */
	int64_t own;	   /* weight of the nodes that only it has */
	uint64_t started;  /* clock_ms() */
	struct node *base; /* own reference */
	struct tree tree;
	struct list changes;
	struct tx_entry *entry[TX_BUCKETS];
};

/* 0, ENOSPC (quota) or ENOMEM. id 0: take the next free one. */
int transaction_start(struct store *s, struct conn *c, uint32_t id, struct transaction **t);
struct transaction *transaction_find(struct conn *c, uint32_t id);
/* Note what was learned or written at a path. 0, ENOSPC (quota) or ENOMEM. */
int transaction_note(struct transaction *t, const char *path, uint32_t len, unsigned int learned,
	unsigned int wrote);
/* Keep a change for the commit. 0 or ENOMEM. */
int transaction_keep(struct transaction *t, const struct change *ch);
/* A kept change as a struct change that points into it and to `path`. */
void transaction_change(const struct tx_change *k, struct path *path, struct change *ch);
/* Take back the change that was kept last, because it could not be made. */
void transaction_unkeep(struct transaction *t);
/* 0, EAGAIN, ENOSPC or ENOMEM; the transaction is over either way and its watchers were told. */
int transaction_commit(struct store *s, struct transaction *t);
/* How many of its transactions in a row failed. */
void transaction_set_tries(struct conn *c, uint32_t tries);
/* Must a change of `p` by `c`, outside transactions, wait for somebody whose transactions keep
 * failing? */
bool transaction_guarded(struct conn *c, const struct path *p, bool removes);
/* Would `t` still be right on top of `now`? */
bool transaction_holds(const struct transaction *t, const struct tree *now);
/*
 * Charge the transactions for the versions of nodes that are in no tree any more and kept only for
 * them: the newest one for what is new, those before it when that one is over. When a domain may
 * not have so much, its oldest one is spoiled. To be called after every change.
 */
void transaction_settle(struct store *s);
/* The weight of all those versions; 0 when no transaction is open. */
int64_t transaction_kept(const struct store *s);
/* As it was in the log: take its place among the others, with what it is charged for old versions.
 */
void transaction_resume(struct transaction *t, uint64_t number, uint64_t pinned);
/* Keep nothing for it any more. */
void transaction_spoil(struct transaction *t);
/* Forget it. */
void transaction_drop(struct transaction *t);
void transaction_drop_all(struct conn *c);

#endif
