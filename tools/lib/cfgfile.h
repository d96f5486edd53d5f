/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xl.cfg file format: text to a list of settings with their places. The grammar is xlcfg.y, the
 * scanner xlcfg.l: "name = value" or "name += value", separated by newlines or ';', '#' comments; a
 * value is a number, a string in single or double quotes with \ escapes, or a list in [], which may
 * nest and end with a comma. Pure: text in, tree out. What the names mean is config.h's affair.
 */
#ifndef TOOLS_LIB_CFGFILE_H
#define TOOLS_LIB_CFGFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/lib/error.h"

#define CFG_DEPTH_MAX 32 /* of nested lists */

enum cfg_type { CFG_NUMBER, CFG_STRING, CFG_LIST };

struct cfg_place {
	int line, column; /* from 1 */
};

struct cfg_value {
	enum cfg_type type;
	struct cfg_place at;
	char *text;		  /* of a number or a string */
	struct cfg_value **items; /* of a list */
	unsigned int count;
};

struct cfg_setting {
	char *name;
	struct cfg_place at;
	struct cfg_value *value;
	struct cfg_setting *next;
};

struct cfg_file {
	char *path; /* for messages */
	struct cfg_setting
		*first; /* the last setting of a name counts; "+=" has been joined already */
};

/* -1 with e: "path:line:column: what". */
int cfg_parse(const char *path, const char *text, size_t len, struct cfg_file *f, struct error *e);
void cfg_free(struct cfg_file *f);
struct cfg_setting *cfg_find(const struct cfg_file *f, const char *name);

#endif
