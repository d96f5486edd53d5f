/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON writer with the exact layout that xl prints and scripts grep: 4 blanks a level, one key a
 * line, an empty object is "{", a blank line, "}". Keys and values are escaped; numbers are written
 * as they are.
 */
#ifndef TOOLS_LIB_JSON_H
#define TOOLS_LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lib/text.h"

struct json {
	struct text out;
	int depth;
	bool first; /* nothing written yet in the open object or list */
};

/* key is NULL inside a list and at the top. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* xl's "defbool": the strings "True" and "False". */
void json_defbool(struct json *j, const char *key, bool value);
/* An empty object, as xl prints it. */
void json_empty(struct json *j, const char *key);

#endif
