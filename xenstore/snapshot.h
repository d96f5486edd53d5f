/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole state as records, into the open batch of a log. */
#ifndef XENSTORE_SNAPSHOT_H
#define XENSTORE_SNAPSHOT_H

#include <stdbool.h>

struct journal;
struct store;

/* With `sockets` also what only a live update can carry over. 0 or ENOMEM; the journal itself knows
 * whether it all fitted. */
int snapshot_write(struct journal *j, struct store *s, bool sockets);

#endif
