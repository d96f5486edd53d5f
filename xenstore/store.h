/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state of one store. The daemon has one; tests have as many as they like, in one
 * process. Single-threaded: no locks anywhere.
 */
#ifndef XENSTORE_STORE_H
#define XENSTORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "quota.h"
#include "transaction.h"
#include "tree.h"
#include "watch.h"

struct journal;
struct link;
struct loop;

struct store {
	struct tree tree;
	struct perms *introduce_perms, *release_perms; /* of the special watches */
	struct domain **by_id;			       /* [DOMID_LAST + 1] */
	struct list domains;
	uint64_t next_generation;
	struct domain *dom0; /* own reference */
	struct watch_index watches;
	struct list conns, ready;
	struct list transactions; /* the oldest first */
	uint64_t next_transaction;
	int64_t others_weight; /* of nodes that were there before this store (tests have two) */
	int64_t tx_own;	       /* weight of what only one transaction has, of all of them */
	uint64_t pinned;       /* charged to all of them, see transaction_settle() */
	uint64_t next_conn;
	uint64_t quota[QUOTA_COUNT];
	struct journal *journal;  /* NULL: nothing is kept */
	struct link *link;	  /* to the hypervisor; NULL: no domains (-D) */
	struct loop *loop;	  /* NULL in tests without one */
	uint32_t starving;	  /* clients whose transactions fail again and again */
	bool holding;		  /* some client's change waits for one of theirs */
	uint64_t dom0_held_until; /* by clock_ms(): domains may hold up dom0 */
	uint64_t (*clock_ms)(void);
	bool restoring; /* state comes back from the log: no log, no output */
	struct {
		uint64_t ops, events, commits, conflicts, refusals, dropped;
	} stats;
};

/* An empty store with dom0 and the nodes that are always there. 0 or ENOMEM. */
int store_init(struct store *s);
void store_free(struct store *s);
uint64_t store_clock_ms(void);

/*
 * Make a change in the store: change the tree, put it into the log, tell the watchers.
 * 0, ENOMEM, ENOSPC (quota); nothing happened when it fails. The path exists where the kind needs
 * it.
 */
int store_change(struct store *s, const struct change *ch);
/* The same in a transaction: nobody is told until it is committed. */
int store_change_in(struct transaction *t, const struct change *ch);
/* Only the tree's part: *gone gets the subtree that was removed (own reference). */
int store_change_tree(struct tree *t, const struct change *ch, struct node **gone);
/* Only the watchers' part, after the change: `gone` is the removed subtree, `old` who might know of
 * the node before. */
void store_tell(
	struct store *s, const struct change *ch, struct node *gone, const struct perms *old);
/* Remove every node of a domain. */
void store_remove_owned(struct store *s, struct domain *d);

#endif
