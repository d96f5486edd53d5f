/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstore-top: what goes on in the store, for each domain: operations and events a second, and how
 * much of each quota is used. Also `vane xenstore top`. With -b it prints one table after the
 * other, else it repaints the terminal.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#define DOMAINS 4096

struct line {
	unsigned int domid;
	unsigned long long ops, events;
	char quotas[160];
};

struct table {
	unsigned long long ops, events, commits, conflicts, refusals;
	struct line line[DOMAINS];
	unsigned int n;
};

static bool parse_line(struct table *t, const char *text)
{
	struct line *l = &t->line[t->n];
	int used;

	if (t->n == DOMAINS ||
		sscanf(text, "%u %llu %llu%n", &l->domid, &l->ops, &l->events, &used) != 3)
		return false;
	snprintf(l->quotas, sizeof(l->quotas), "%s", text + used);
	t->n++;
	return true;
}

/* One reply of the store; how many domains were in it, or -1. */
static int fetch_some(struct xs_handle *x, struct table *t)
{
	char skip[16], *reply;
	unsigned int before = t->n;

	snprintf(skip, sizeof(skip), "%u", t->n);
	reply = xs_control_command(x, "top", skip, (unsigned int)strlen(skip) + 1);
	if (!reply)
		return -1;
	sscanf(reply, "total %llu %llu %llu %llu %llu", &t->ops, &t->events, &t->commits,
		&t->conflicts, &t->refusals);
	strtok(reply, "\n");
	for (char *line = strtok(NULL, "\n"); line; line = strtok(NULL, "\n"))
		parse_line(t, line);
	free(reply);
	return (int)(t->n - before);
}

static bool fetch(struct xs_handle *x, struct table *t)
{
	int n;

	t->n = 0;
	do
		n = fetch_some(x, t);
	while (n > 0);
	return n == 0;
}

static const struct line *line_of(const struct table *t, unsigned int domid)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->line[i].domid == domid)
			return &t->line[i];
	return NULL;
}

static void show(const struct table *was, const struct table *now, unsigned int seconds)
{
	printf("%llu operations/s, %llu events/s; commits %llu, conflicts %llu, refusals %llu\n",
		(now->ops - was->ops) / seconds, (now->events - was->events) / seconds,
		now->commits, now->conflicts, now->refusals);
	printf("%6s %8s %8s  %s\n", "domain", "ops/s", "events/s",
		"nodes, memory, watches, transactions, outstanding (used/limit)");
	for (unsigned int i = 0; i < now->n; i++) {
		const struct line *l = &now->line[i], *old = line_of(was, l->domid);

		printf("%6u %8llu %8llu %s\n", l->domid, old ? (l->ops - old->ops) / seconds : 0,
			old ? (l->events - old->events) / seconds : 0, l->quotas);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct table tables[2];
	unsigned int seconds = 1;
	long rounds = -1;
	bool plain = !isatty(1);
	struct xs_handle *x;
	int c;

	while ((c = getopt(argc, argv, "bd:n:")) != -1) {
		if (c == 'b')
			plain = true;
		else if (c == 'd')
			seconds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'n')
			rounds = strtol(optarg, NULL, 10);
		else
			return 1;
	}
	x = xs_open(0);
	if (!x || !seconds || !fetch(x, &tables[0])) {
		fputs("xenstore-top: the store does not answer\n", stderr);
		return 1;
	}
	for (int i = 1; rounds; i ^= 1, rounds -= rounds > 0) {
		sleep(seconds);
		if (!fetch(x, &tables[i]))
			return 1;
		if (!plain)
			fputs("\033[H\033[J", stdout);
		show(&tables[i ^ 1], &tables[i], seconds);
	}
	xs_close(x);
	return 0;
}
