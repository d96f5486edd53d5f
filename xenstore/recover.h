/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back to the state that the log holds: after a crash, and the same after a live update. */
#ifndef XENSTORE_RECOVER_H
#define XENSTORE_RECOVER_H

#include <stdbool.h>

struct journal;
struct store;

/*
 * Fill `s`, fresh from store_init(), with what `j` holds; `sockets`: those of the live update are
 * ours. 0, ENOMEM or EBADMSG; *found: there was something. Rings are not connected yet.
 */
int recover(struct store *s, struct journal *j, bool sockets, bool *found);
/* Connect the rings of all domains that were introduced; those that cannot be are let go. */
void recover_rings(struct store *s);

#endif
