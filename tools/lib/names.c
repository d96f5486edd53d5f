/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of all domains at once: see names.h.
 */
#include "tools/lib/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/text.h"

#define WHERE "/local/domain\0name" /* with what comes after it: the arguments */

/* Add what is told beyond the first `skip` lines; the number of them, -1: not told. *end: no more.
 */
static int ask(struct store *s, unsigned int skip, struct text *lines, bool *end)
{
	char arguments[sizeof(WHERE) + 12] = WHERE, *answer, *line, *nl;
	int n = 0;

	snprintf(arguments + sizeof(WHERE), sizeof(arguments) - sizeof(WHERE), "%u", skip);
	answer = xs_control_command(
		s->xs, "values", arguments, sizeof(WHERE) + strlen(arguments + sizeof(WHERE)) + 1);
	if (!answer)
		return -1;
	for (line = answer; (nl = strchr(line, '\n')) && strncmp(line, ".\n", 2); line = nl + 1) {
		*nl = 0;
		text_add(lines, "%s\n", line);
		n++;
	}
	*end = !strncmp(line, ".\n", 2);
	free(answer);
	return n || *end ? n : -1;
}

static int by_domid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int names_read(struct store *s, struct names *out)
{
	struct text lines = { 0 };
	unsigned int lines_there = 0;
	char *line, *nl, *name;
	bool end = false;
	int n;

	memset(out, 0, sizeof(*out));
	while (!end) {
		n = ask(s, lines_there, &lines, &end);
		if (n < 0) {
			text_free(&lines);
			return -1;
		}
		lines_there += n;
	}
	out->text = lines.s;
	out->row = xalloc((lines_there + 1) * sizeof(*out->row));
	for (line = lines.s; line && *line; line = nl + 1) {
		nl = strchr(line, '\n');
		*nl = 0;
		out->row[out->n].domid = strtoul(line, &name, 10);
		/* What is not a domain is not ours. */
		if (name == line || *name != ' ')
			continue;
		out->row[out->n++].name = name + 1;
	}
	qsort(out->row, out->n, sizeof(*out->row), by_domid);
	return 0;
}

const char *names_get(const struct names *t, uint32_t domid)
{
	unsigned int low = 0, high = t->n, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (t->row[middle].domid == domid)
			return t->row[middle].name;
		if (t->row[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void names_free(struct names *t)
{
	free(t->text);
	free(t->row);
	memset(t, 0, sizeof(*t));
}
