/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole state as JSON, for people and tests. */
#ifndef XENSTORE_DUMP_H
#define XENSTORE_DUMP_H

struct store;

/* Into a new file (an old one stays: EEXIST). 0 or an errno. */
int dump_json(struct store *s, const char *file);

#endif
