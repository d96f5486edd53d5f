/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading xl.cfg text into a tree: the actions behind the grammar, and the calls around it. See
 * cfgfile.h.
 */
#include "tools/lib/cfgfile.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/gen/tools/lib/xlcfg_parse.h"
#include "tools/lib/text.h"
#include "tools/lib/xlcfg.h"

int xlcfg_yylex_init_extra(struct xlcfg *s, void **scanner);
void *xlcfg_yy_scan_bytes(const char *text, int len, void *scanner);
int xlcfg_yylex_destroy(void *scanner);

void xlcfg_fail(struct xlcfg *s, int line, int column, const char *message)
{
	static const char noise[] = "syntax error, ";

	if (!strncmp(message, noise, sizeof(noise) - 1))
		message += sizeof(noise) - 1;
	error_set(s->e, ERR_CONFIG, "%s:%d:%d: %s", s->file->path, line, column, message);
	error_advice(s->e, "each line is name = value; a value is a number, \"a string\" "
			   "or [ a, list ] (xl.cfg(5))");
}

struct cfg_value *xlcfg_atom(enum cfg_type type, char *text, int line, int column)
{
	struct cfg_value *v = xalloc(sizeof(*v));

	v->type = type;
	v->text = text;
	v->at.line = line;
	v->at.column = column;
	return v;
}

struct cfg_value *xlcfg_list(int line, int column)
{
	return xlcfg_atom(CFG_LIST, NULL, line, column);
}

void xlcfg_append(struct cfg_value *list, struct cfg_value *item)
{
	list->items = xgrow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = item;
}

void xlcfg_value_free(struct cfg_value *v)
{
	unsigned int i;

	if (!v)
		return;
	for (i = 0; i < v->count; i++)
		xlcfg_value_free(v->items[i]);
	free(v->items);
	free(v->text);
	free(v);
}

/* name += value: strings are joined, lists are appended to. */
static bool join(struct cfg_value *old, struct cfg_value *v)
{
	unsigned int i;
	char *both;

	if (old->type == CFG_STRING && v->type == CFG_STRING) {
		both = xprintf("%s%s", old->text, v->text);
		free(old->text);
		old->text = both;
	} else if (old->type == CFG_LIST && v->type == CFG_LIST) {
		for (i = 0; i < v->count; i++)
			xlcfg_append(old, v->items[i]);
		v->count = 0;
	} else {
		return false;
	}
	xlcfg_value_free(v);
	return true;
}

void xlcfg_set(struct xlcfg *s, char *name, bool add, struct cfg_value *value, int line, int column)
{
	struct cfg_setting *set = cfg_find(s->file, name), **end;

	if (set) {
		free(name);
		if (add) {
			if (!join(set->value, value)) {
				xlcfg_value_free(value);
				xlcfg_fail(s, line, column,
					"+= needs a value of the same kind as before");
			}
			return;
		}
		xlcfg_value_free(set->value);
	} else {
		set = xalloc(sizeof(*set));
		set->name = name;
		for (end = &s->file->first; *end; end = &(*end)->next)
			;
		*end = set;
	}
	set->value = value;
	set->at.line = line;
	set->at.column = column;
}

/* One escape sequence after the backslash; returns what to go on with, NULL for a bad one. */
static const char *escape(const char *p, const char *end, char *out)
{
	static const char letters[] = "abfnrtv0", values[] = "\a\b\f\n\r\t\v";
	const char *l = strchr(letters, *p);
	char hex[3] = { 0 };

	if (*p == 'x') {
		if (end - p < 3 || strspn(p + 1, "0123456789abcdefABCDEF") < 2)
			return NULL;
		memcpy(hex, p + 1, 2);
		*out = strtoul(hex, NULL, 16);
		return *out ? p + 3 : NULL;
	}
	if (l && *l && *l != '0')
		*out = values[l - letters];
	else if (*p == '\'' || *p == '"' || *p == '\\')
		*out = *p;
	else
		return NULL;
	return p + 1;
}

char *xlcfg_unquote(struct xlcfg *s, const char *quoted, size_t len, int line, int column)
{
	const char *p = quoted + 1, *end = quoted + len - 1;
	char *out = xalloc(len), *to = out;

	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		if (!escape(p + 1, end, to)) {
			xlcfg_fail(s, line, column + (int)(p - quoted),
				"unknown \\ escape in a string (use \\\\ for a backslash)");
			free(out);
			return NULL;
		}
		p = escape(p + 1, end, to++);
	}
	*to = 0;
	return out;
}

int cfg_parse(const char *path, const char *text, size_t len, struct cfg_file *f, struct error *e)
{
	struct xlcfg s = { .file = f, .e = e, .at = { 1, 1 } };
	void *scanner;
	int rc;

	memset(f, 0, sizeof(*f));
	f->path = xstrdup(path);
	if (len > 1 << 20) {
		rc = error_set(e, ERR_CONFIG, "%s: larger than 1 MiB: not a configuration", path);
	} else if (memchr(text, 0, len)) {
		rc = error_set(e, ERR_CONFIG, "%s: has NUL bytes: this is not a text file", path);
	} else {
		xlcfg_yylex_init_extra(&s, &scanner);
		xlcfg_yy_scan_bytes(text, len, scanner);
		rc = xlcfg_yyparse(scanner, &s);
		xlcfg_yylex_destroy(scanner);
		if (rc || e->kind != ERR_NONE)
			rc = error_set(
				e, ERR_CONFIG, "%s: cannot be read as a configuration", path);
	}
	if (rc)
		cfg_free(f);
	return rc;
}

void cfg_free(struct cfg_file *f)
{
	struct cfg_setting *s, *next;

	for (s = f->first; s; s = next) {
		next = s->next;
		xlcfg_value_free(s->value);
		free(s->name);
		free(s);
	}
	free(f->path);
	memset(f, 0, sizeof(*f));
}

struct cfg_setting *cfg_find(const struct cfg_file *f, const char *name)
{
	struct cfg_setting *s;

	for (s = f->first; s; s = s->next)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}
