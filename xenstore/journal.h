/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log that makes the store survive its own death. Two files, mapped; one of them is current: a
 * snapshot and then a batch for every request that changed something. A batch is complete before
 * any reply leaves; as the pages belong to the kernel, what is written there outlives the process.
 * When the current file is long enough, a snapshot goes into the other one, whose header, with the
 * next generation, is written last. Sums are seeded with the generation, so what is left of an
 * older life of a file never looks valid.
 *
 * Every journal_*() of the second half notes one fact; journal_commit() makes all facts since the
 * last commit valid as one. A NULL journal keeps nothing. Facts of socket clients are not kept:
 * they connect again.
 */
#ifndef XENSTORE_JOURNAL_H
#define XENSTORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

struct change;
struct conn;
struct domain;
struct journal;
struct path;
struct perms;
struct store;
struct transaction;
struct watch;

/* Open or make the files in `dir`. NULL with errno. */
struct journal *journal_open(const char *dir);
void journal_close(struct journal *j);
/* The batches of the valid file: start with *at = 0; false at the end. */
bool journal_read(struct journal *j, uint64_t *at, const char **records, uint32_t *len);
uint64_t journal_generation(const struct journal *j);
/* Go on in the other file, with a snapshot of `s` (for live update with its sockets). 0 or an
 * errno; then nothing changed. */
int journal_switch(struct journal *j, struct store *s, bool sockets);
/* Is the current file long enough for journal_switch()? */
bool journal_is_long(const struct journal *j);

/* Make sure that what one request may change fits. 0 or ENOSPC. */
int journal_reserve(struct journal *j);
void journal_commit(struct journal *j);

void journal_change(struct journal *j, const struct change *ch);
void journal_special(struct journal *j, const char *name, const struct perms *perms);
void journal_quota(struct journal *j, unsigned int quota, uint64_t value);
void journal_domain(struct journal *j, const struct domain *d);
void journal_watch(struct journal *j, const struct conn *c, const struct watch *w);
void journal_unwatch(
	struct journal *j, const struct conn *c, const struct path *p, const char *token);
/* All watches and transactions of a client; with `ring` also what its ring holds. */
void journal_reset(struct journal *j, const struct conn *c, bool ring);
void journal_tx_start(struct journal *j, const struct transaction *t);
void journal_tx_note(struct journal *j, const struct transaction *t, const char *path, uint32_t len,
	unsigned int learned, unsigned int wrote);
void journal_tx_change(struct journal *j, const struct transaction *t, const struct change *ch);
void journal_tx_spoiled(struct journal *j, const struct transaction *t);
void journal_tx_end(struct journal *j, const struct conn *c, uint32_t id);
void journal_output(struct journal *j, const struct conn *c, const void *message, uint32_t size);
void journal_input(struct journal *j, const struct conn *c, const void *bytes, uint32_t size);
void journal_done(struct journal *j, const struct conn *c, uint32_t size);

/* For snapshot.c: records by hand, between put_start() and put_end(). */
void put_start(struct journal *j, uint32_t type);
void put_u32(struct journal *j, uint32_t v);
void put_u64(struct journal *j, uint64_t v);
void put_bytes(struct journal *j, const void *p, uint32_t len);
/* Length, then bytes. */
void put_string(struct journal *j, const void *p, uint32_t len);
void put_perms(struct journal *j, const struct perms *p);
void put_domain_ref(struct journal *j, const struct domain *d);
void put_change(struct journal *j, const struct change *ch);
/* The whole record. */
void put_watch(struct journal *j, const struct conn *c, const struct watch *w);
void put_end(struct journal *j);

#endif
