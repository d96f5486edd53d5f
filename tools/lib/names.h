/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of all domains, asked of our xenstored in one request ("values" of CONTROL) instead of
 * one a domain. Another xenstored does not know it: then each name is read by itself.
 */
#ifndef TOOLS_LIB_NAMES_H
#define TOOLS_LIB_NAMES_H

#include <stdint.h>

#include "tools/lib/store.h"

struct names {
	char *text; /* what the rows point into */
	unsigned int n;
	struct {
		uint32_t domid;
		const char *name;
	} * row; /* by domid */
};

/* 0, or -1: xenstored does not tell, *out is empty. */
int names_read(struct store *s, struct names *out);
/* The name, or NULL: it has none or was not told. Of the table. */
const char *names_get(const struct names *t, uint32_t domid);
/* What names_read() made; an empty one is right too. */
void names_free(struct names *t);

#endif
