/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer: see json.h. The layout was taken from what stock xl 4.17 prints.
 */
#include "tools/lib/json.h"

static void quote(struct json *j, const char *s)
{
	text_add_bytes(&j->out, "\"", 1);
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			text_add(&j->out, "\\%c", c);
		else if (c == '\n')
			text_add(&j->out, "\\n");
		else if (c == '\t')
			text_add(&j->out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			text_add(&j->out, "\\u%04x", c);
		else
			text_add_bytes(&j->out, s, 1);
	}
	text_add_bytes(&j->out, "\"", 1);
}

/* Comma, newline, indentation and key of the next element. */
static void start(struct json *j, const char *key)
{
	if (j->depth)
		text_add(&j->out, "%s\n%*s", j->first ? "" : ",", 4 * j->depth, "");
	j->first = false;
	if (key) {
		quote(j, key);
		text_add(&j->out, ": ");
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	start(j, key);
	text_add(&j->out, "%c", bracket);
	j->depth++;
	j->first = true;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	/* An object with nothing in it has an empty line between its brackets. */
	text_add(&j->out, "%s\n%*s%c", j->first ? "\n" : "", 4 * j->depth, "", bracket);
	j->first = false;
}

void json_string(struct json *j, const char *key, const char *value)
{
	start(j, key);
	quote(j, value);
}

void json_number(struct json *j, const char *key, int64_t value)
{
	start(j, key);
	text_add(&j->out, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	start(j, key);
	text_add(&j->out, value ? "true" : "false");
}

void json_defbool(struct json *j, const char *key, bool value)
{
	json_string(j, key, value ? "True" : "False");
}

void json_empty(struct json *j, const char *key)
{
	json_open(j, key, '{');
	json_close(j, '}');
}
