/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state as JSON: {"nodes": [{"path", "value", "perms"}...], "domains": [...],
 * "connections": [...]}. Written as it is walked, so that a big store needs no memory. Bytes that
 * are not ASCII text become \u00XX.
 */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "ring.h"
#include "store.h"

static void put_string(FILE *f, const char *s, size_t len)
{
	putc('"', f);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			fprintf(f, "\\u%04x", c);
		else
			putc(c, f);
	}
	putc('"', f);
}

static void put_perms(FILE *f, const struct perms *p)
{
	static const char letter[] = "nrwb";

	putc('[', f);
	for (uint32_t i = 0; i < p->n; i++)
		fprintf(f, "%s\"%c%u%s\"", i ? "," : "", letter[p->p[i].access], p->p[i].dom->domid,
			p->p[i].dom->alive ? "" : " gone");
	putc(']', f);
}

static int put_nodes(FILE *f, struct store *s)
{
	struct walk w;
	struct node *n;
	const char *sep = "";

	if (walk_start(&w, s->tree.root, "/", 1))
		return ENOMEM;
	fprintf(f, "\"nodes\":[");
	while ((n = walk_next(&w))) {
		fprintf(f, "%s\n{\"path\":", sep);
		put_string(f, w.path.s, w.path.len);
		fprintf(f, ",\"value\":");
		put_string(f, node_value(n), n->value_len);
		fprintf(f, ",\"perms\":");
		put_perms(f, n->perms);
		putc('}', f);
		sep = ",";
	}
	fprintf(f, "]");
	walk_end(&w);
	return 0;
}

static void put_domains(FILE *f, struct store *s)
{
	const char *sep = "";

	fprintf(f, ",\n\"domains\":[");
	list_for_each (l, &s->domains) {
		const struct domain *d = list_entry(l, struct domain, all);

		fprintf(f,
			"%s\n{\"domid\":%u,\"generation\":%llu,\"introduced\":%s,\"shutdown\":%s",
			sep, d->domid, (unsigned long long)d->generation,
			d->introduced ? "true" : "false", d->shutdown ? "true" : "false");
		for (int q = 0; q < QUOTA_COUNT; q++)
			if (quota_info[q].counted)
				fprintf(f, ",\"%s\":%llu", quota_info[q].name,
					(unsigned long long)d->use[q]);
		fprintf(f, "}");
		sep = ",";
	}
	fprintf(f, "]");
}

static void put_conn(FILE *f, const struct conn *c)
{
	const char *sep = "";

	fprintf(f,
		"{\"id\":%llu,\"domid\":%u,\"kind\":\"%s\",\"input\":", (unsigned long long)c->id,
		c->dom->domid, c->is_ring ? "ring" : "socket");
	put_string(f, c->in.data + c->in.head, c->in.len);
	fprintf(f, ",\"output\":");
	put_string(f, c->out.data + c->out.head, c->out.len);
	fprintf(f, ",\"watches\":[");
	list_for_each (l, &c->watches) {
		const struct watch *w = list_entry(l, struct watch, of_conn);

		fprintf(f, "%s[", sep);
		put_string(f, w->point->path, w->point->len);
		putc(',', f);
		put_string(f, w->token, w->token_len);
		fprintf(f, ",%u]", w->home);
		sep = ",";
	}
	fprintf(f, "],\"transactions\":[");
	sep = "";
	list_for_each (l, &c->transactions) {
		const struct transaction *t = list_entry(l, struct transaction, of_conn);

		fprintf(f, "%s{\"id\":%u,\"nodes\":%u,\"conflict\":%s}", sep, t->id, t->n_entries,
			transaction_holds(t, &c->store->tree) ? "false" : "true");
		sep = ",";
	}
	fprintf(f, "]}");
}

int dump_json(struct store *s, const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), err;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	const char *sep = "";

	if (!f) {
		err = errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	putc('{', f);
	err = put_nodes(f, s);
	put_domains(f, s);
	fprintf(f, ",\n\"connections\":[");
	list_for_each (l, &s->conns) {
		fprintf(f, "%s\n", sep);
		put_conn(f, list_entry(l, struct conn, all));
		sep = ",";
	}
	fprintf(f, "]}\n");
	if (!err && ferror(f))
		err = EIO;
	return fclose(f) && !err ? EIO : err;
}
