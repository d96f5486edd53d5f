/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstore, from the control domain: reads, writes and transactions with formatted paths,
 * permissions, waiting for a node. Failures are counted in the handle (store_failed) so that a
 * series of writes is checked once at its end.
 */
#ifndef TOOLS_LIB_STORE_H
#define TOOLS_LIB_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

#include "tools/lib/error.h"

struct store {
	struct xs_handle *xs;
	xs_transaction_t t;
	int failed; /* errno of the first failed write since store_begin or store_check, 0 if none
		     */
};

int store_open(struct store *s, struct error *e);
void store_close(struct store *s);

/* Transactions: while (store_begin(s), ..., store_commit(s) == 1) again. */
void store_begin(struct store *s);
/* 0 done, 1 conflict: do it again, -1 failed (errno). */
int store_commit(struct store *s);
void store_abort(struct store *s);

/* Write value (formatted) at path. */
void store_write(struct store *s, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Write value below directory: dir/name. */
void store_put(struct store *s, const char *dir, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Make a directory owned by domain `owner`; `reader` (or -1) may read it. */
void store_mkdir(struct store *s, const char *path, int owner, int reader);
/* Owner and reader (or -1) of a node that exists. */
void store_chmod(struct store *s, const char *path, int owner, int reader);
void store_rm(struct store *s, const char *path);
/* Remove dir/child and every parent that has become empty, up to and not including a path of `keep`
 * components. */
void store_rm_up(struct store *s, const char *path, int keep);
/* A copy of the value (caller frees), NULL if absent. */
char *store_read(struct store *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool store_exists(struct store *s, const char *path);
/* A number, or dflt when absent or not one. */
long long store_read_number(struct store *s, long long dflt, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Entries of a directory (caller frees the array); *n is 0 when absent. */
char **store_list(struct store *s, unsigned int *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Wait until test(s, arg) is true, looking again whenever something below path changes. 0, or -1
 * with errno ETIMEDOUT.
 */
int store_wait(struct store *s, const char *path, int timeout_ms,
	bool (*test)(struct store *s, void *arg), void *arg);

#endif
