/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of changes: every function notes one fact; journal_commit() makes all facts since the last commit durable as
 * one. A NULL journal keeps nothing. Facts of socket clients are not kept: they connect again.
 */
#ifndef XENSTORE_JOURNAL_H
#define XENSTORE_JOURNAL_H

#include <stdint.h>

struct change;
struct conn;
struct domain;
struct journal;
struct path;
struct perms;
struct transaction;
struct watch;

/* Make sure that what one request may change fits. 0 or ENOSPC. */
int journal_reserve(struct journal *j);
void journal_change(struct journal *j, const struct change *ch);
void journal_change_in(struct journal *j, const struct transaction *t, const struct change *ch);
void journal_special(struct journal *j, const char *name, const struct perms *perms);
void journal_domain(struct journal *j, const struct domain *d);
void journal_watch(struct journal *j, const struct conn *c, const struct watch *w);
void journal_unwatch(struct journal *j, const struct conn *c, const struct path *p, const char *token);
void journal_reset(struct journal *j, const struct conn *c);
void journal_transaction(struct journal *j, const struct transaction *t);
void journal_transaction_end(struct journal *j, const struct conn *c, uint32_t id);
void journal_output(struct journal *j, const struct conn *c, const void *message, uint32_t size);
void journal_input_part(struct journal *j, const struct conn *c, const void *bytes, uint32_t size);
void journal_input_done(struct journal *j, const struct conn *c, uint32_t size);
void journal_quota(struct journal *j, unsigned int quota, uint64_t value);
void journal_commit(struct journal *j);

#endif
