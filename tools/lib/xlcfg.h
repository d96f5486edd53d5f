/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between scanner, grammar and cfgfile.c only: the state of one parse.
 */
#ifndef TOOLS_LIB_XLCFG_H
#define TOOLS_LIB_XLCFG_H

#include "tools/lib/cfgfile.h"

struct xlcfg {
	struct cfg_file *file;
	struct error *e;
	struct cfg_place at; /* of the scanner: where the next token starts */
	int depth;	     /* open brackets */
};

void xlcfg_fail(struct xlcfg *s, int line, int column, const char *message);
struct cfg_value *xlcfg_atom(enum cfg_type type, char *text, int line, int column);
struct cfg_value *xlcfg_list(int line, int column);
void xlcfg_append(struct cfg_value *list, struct cfg_value *item);
void xlcfg_set(
	struct xlcfg *s, char *name, bool add, struct cfg_value *value, int line, int column);
void xlcfg_value_free(struct cfg_value *v);
/* Quotes stripped, escapes done; NULL (and an error) for a bad escape. */
char *xlcfg_unquote(struct xlcfg *s, const char *quoted, size_t len, int line, int column);

#endif
