/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of u64 numbers kept as disjoint inclusive ranges; bounded (LIMIT ranges), with its own
 * lock. */
#ifndef LIB_RANGESET_H
#define LIB_RANGESET_H

#include "lib/base.h"

struct rangeset;

struct rangeset *rangeset_new(const char *name); /* NULL: no memory */
void rangeset_free(struct rangeset *r);
must_check int rangeset_add(struct rangeset *r, u64 first, u64 last); /* ENOMEM, EINVAL */
must_check int rangeset_remove(struct rangeset *r, u64 first, u64 last);
bool rangeset_contains(struct rangeset *r, u64 first, u64 last); /* all of it; NULL set: false */
bool rangeset_overlaps(struct rangeset *r, u64 first, u64 last);

#endif
