/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CONTROL: what dom0's people ask of the daemon (`xenstore-control`). One row each in the table at
 * the end. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "dump.h"
#include "journal.h"
#include "live_update.h"
#include "node.h"
#include "path.h"
#include "report.h"
#include "request.h"
#include "store.h"
#include "tree.h"

#define ARGS 8

struct control {
	struct request *r;
	const char *arg[ARGS]; /* after the command's name */
	uint32_t n;
	char text[XENSTORE_PAYLOAD_MAX];
	uint32_t len;
};

/* Add to the reply; what does not fit is left out. */
static void say(struct control *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct control *c, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(c->text + c->len, sizeof(c->text) - c->len, format, args);
	va_end(args);
	if (n > 0 && c->len + (uint32_t)n < sizeof(c->text))
		c->len += (uint32_t)n;
	c->text[c->len] = 0;
}

/* Count everything again from the tree and compare with what was accounted. */
static int control_check(struct control *c)
{
	struct store *s = c->r->conn->store;
	uint64_t nodes = 0, charged = 0;
	struct walk w;
	struct node *n;
	bool right;

	if (walk_start(&w, s->tree.root, "/", 1))
		return ENOMEM;
	while ((n = walk_next(&w)))
		nodes++;
	walk_end(&w);
	list_for_each (l, &s->domains)
		charged += list_entry(l, struct domain, all)->use[QUOTA_NODES];
	right = nodes == charged && transaction_kept(s) <= (int64_t)s->pinned;
	say(c, "%llu nodes, %llu accounted, %lld bytes of old versions, %llu accounted: %s\n",
		(unsigned long long)nodes, (unsigned long long)charged,
		(long long)transaction_kept(s), (unsigned long long)s->pinned,
		right ? "ok" : "WRONG");
	return 0;
}

static int control_log(struct control *c)
{
	if (c->n != 1 || (strcmp(c->arg[0], "on") && strcmp(c->arg[0], "off")))
		return EINVAL;
	trace_set(!strcmp(c->arg[0], "on"));
	say(c, "OK");
	return 0;
}

static int control_print(struct control *c)
{
	if (c->n != 1)
		return EINVAL;
	report("control: %s", c->arg[0]);
	say(c, "OK");
	return 0;
}

static void quota_show_limits(struct control *c, const struct store *s)
{
	for (int q = 0; q < QUOTA_COUNT; q++)
		say(c, "%-18s: %10llu  %s\n", quota_info[q].name, (unsigned long long)s->quota[q],
			quota_info[q].what);
}

static int quota_show_domain(struct control *c, struct store *s, const char *text)
{
	const struct domain *d;
	unsigned int domid;
	int err = request_domid(text, &domid);

	if (err)
		return err;
	d = domain_by_id(s, domid);
	if (!d)
		return ENOENT;
	say(c, "Domain %u:\n", domid);
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (quota_info[q].counted)
			say(c, "%-18s: %10llu of %llu\n", quota_info[q].name,
				(unsigned long long)d->use[q],
				(unsigned long long)quota_limit(d, (enum quota)q));
	return 0;
}

/* set NAME VALUE [DOMID] */
static int quota_set(struct control *c, struct store *s)
{
	enum quota q = quota_by_name(c->arg[1]);
	struct domain *d = NULL;
	unsigned int domid;
	uint64_t value;
	char *end;

	if (q == QUOTA_COUNT || c->arg[2][0] < '0' || c->arg[2][0] > '9')
		return EINVAL;
	value = strtoull(c->arg[2], &end, 10);
	if (*end || value > 1u << 31)
		return EINVAL;
	if (c->n == 4) {
		if (request_domid(c->arg[3], &domid))
			return EINVAL;
		d = domain_by_id(s, domid);
		if (!d)
			return ENOENT;
		d->limit[q] = value;
		d->limit_set |= 1u << q;
		journal_domain(s->journal, d);
	} else {
		s->quota[q] = value;
		journal_quota(s->journal, (unsigned int)q, value);
	}
	say(c, "OK");
	return 0;
}

static int control_quota(struct control *c)
{
	struct store *s = c->r->conn->store;

	if (c->n == 0) {
		quota_show_limits(c, s);
		return 0;
	}
	if (c->n == 1)
		return quota_show_domain(c, s, c->arg[0]);
	return !strcmp(c->arg[0], "set") && (c->n == 3 || c->n == 4) ? quota_set(c, s) : EINVAL;
}

static int control_memreport(struct control *c)
{
	struct store *s = c->r->conn->store;
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long size = 0, resident = 0;

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	say(c, "resident pages %lu, watches %llu, watched paths %u\n", resident,
		(unsigned long long)s->watches.n_watches, s->watches.n_points);
	list_for_each (l, &s->domains) {
		const struct domain *d = list_entry(l, struct domain, all);

		say(c, "domain %u: %llu bytes, %llu nodes, %llu watches\n", d->domid,
			(unsigned long long)d->use[QUOTA_MEMORY],
			(unsigned long long)d->use[QUOTA_NODES],
			(unsigned long long)d->use[QUOTA_WATCHES]);
	}
	return 0;
}

static int control_live_update(struct control *c)
{
	return live_update_control(c->r->conn, c->arg, c->n, c->text, sizeof(c->text));
}

/* [SKIP]: what xenstore-top shows. One line for all, then one a domain, after the first SKIP. */
static int control_top(struct control *c)
{
	struct store *s = c->r->conn->store;
	unsigned long skip = c->n ? strtoul(c->arg[0], NULL, 10) : 0;

	say(c, "total %llu %llu %llu %llu %llu\n", (unsigned long long)s->stats.ops,
		(unsigned long long)s->stats.events, (unsigned long long)s->stats.commits,
		(unsigned long long)s->stats.conflicts, (unsigned long long)s->stats.refusals);
	list_for_each (l, &s->domains) {
		const struct domain *d = list_entry(l, struct domain, all);

		if (skip) {
			skip--;
			continue;
		}
		if (c->len + 300 > sizeof(c->text))
			break;
		say(c, "%u %llu %llu", d->domid, (unsigned long long)d->ops,
			(unsigned long long)d->events);
		for (int q = 0; q < QUOTA_COUNT; q++)
			if (quota_info[q].counted)
				say(c, " %llu/%llu", (unsigned long long)d->use[q],
					(unsigned long long)quota_limit(d, (enum quota)q));
		say(c, "\n");
	}
	return 0;
}

/*
 * values DIRECTORY NAME [SKIP]: a line for each child of DIRECTORY that has a child NAME, after the
 * first SKIP of them: "CHILD VALUE". The line "." says that there are no more. So who wants the
 * names of a hundred domains need not ask a hundred times.
 */
static int control_values(struct control *c)
{
	unsigned long skip = c->n == 3 ? strtoul(c->arg[2], NULL, 10) : 0;
	struct kid_iter it = { 0 };
	struct found f;
	struct path p;
	struct node *kid, *v;

	if (c->n < 2 || c->n > 3 || path_resolve(&p, c->arg[0], strlen(c->arg[0]), 0))
		return EINVAL;
	tree_find(&c->r->conn->store->tree, p.s, p.len, &f);
	if (!f.node)
		return ENOENT;
	while ((kid = node_kid_next(f.node, &it))) {
		v = node_kid(kid, c->arg[1], (uint32_t)strlen(c->arg[1]));
		if (!v || (skip && skip--))
			continue;
		/* A value that is no line cannot be told so. */
		if (memchr(node_value(v), '\n', v->value_len) ||
			memchr(node_value(v), 0, v->value_len) ||
			kid->name_len + v->value_len + 6u > sizeof(c->text))
			return E2BIG;
		if (c->len + kid->name_len + v->value_len + 6u > sizeof(c->text))
			return 0;
		say(c, "%.*s %.*s\n", (int)kid->name_len, kid->data, (int)v->value_len,
			node_value(v));
	}
	say(c, ".\n");
	return 0;
}

/* dump FILE: everything as JSON. */
static int control_dump(struct control *c)
{
	int err = c->n == 1 ? dump_json(c->r->conn->store, c->arg[0]) : EINVAL;

	if (!err)
		say(c, "OK");
	return err;
}

static int control_help(struct control *c);

static const struct {
	const char *name, *usage;
	int (*serve)(struct control *c);
} commands[] = {
	{ "check", "", control_check },
	{ "log", "on|off", control_log },
	{ "print", "<text>", control_print },
	{ "quota", "[<domid>|set <name> <value> [<domid>]]", control_quota },
	{ "memreport", "", control_memreport },
	{ "live-update", "[-f <file>|-c <arguments>|-s [-t <seconds>] [-F]|-a]",
		control_live_update },
	{ "top", "[<skip>]", control_top },
	{ "values", "<directory> <name> [<skip>]", control_values },
	{ "dump", "<file>", control_dump },
	{ "help", "", control_help },
};

static int control_help(struct control *c)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		say(c, "%s %s\n", commands[i].name, commands[i].usage);
	return 0;
}

int do_control(struct request *r)
{
	struct control c = { .r = r };
	const char *at = r->rest, *end = r->rest + r->rest_len;
	int err = EINVAL;

	while (at < end && c.n < ARGS) {
		c.arg[c.n++] = at;
		at = memchr(at, 0, (size_t)(end - at));
		if (!at)
			return EINVAL;
		at++;
	}
	if (at != end)
		return EINVAL;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(r->arg[0], commands[i].name))
			err = commands[i].serve(&c);
	if (!err)
		conn_reply(r->conn, &r->h, r->h.type, c.text, strlen(c.text) + 1);
	return err;
}
