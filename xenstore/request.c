/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests: the table, the common checks, and the small ones; do_* for nodes are in access.c. */
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "report.h"
#include "store.h"
#include "transaction.h"
#include "watch.h"

enum { RAW = 1, ANY = 2, PRIV = 4, MAY_WRITE = 8 };

static const struct op {
	const char *name;
	int (*serve)(struct request *r);
	uint8_t least, most, flags;
} ops[XS_TYPE_COUNT] = {
#define OP(name, handler, least, most, flags) \
	[XS_##name] = { #name, do_##handler, least, most, flags },
#include "ops.def"
#undef OP
};

/* Cut the body into strings as the row says. 0 or EINVAL. */
static int split(struct request *r, const struct op *op)
{
	const char *at = r->body, *end = r->body + r->h.len;

	while (at < end && r->n_args < op->most) {
		const char *nul = memchr(at, 0, (size_t)(end - at));

		if (!nul)
			return EINVAL;
		r->arg[r->n_args++] = at;
		at = nul + 1;
	}
	r->rest = at;
	r->rest_len = (uint32_t)(end - at);
	if (r->n_args < op->least)
		return EINVAL;
	return !r->rest_len || op->flags & (RAW | ANY) ? 0 : EINVAL;
}

static int serve(struct request *r)
{
	struct conn *c = r->conn;
	const struct op *op = r->h.type < XS_TYPE_COUNT ? &ops[r->h.type] : NULL;
	int err;

	if (!op || !op->serve)
		return ENOSYS;
	if (op->flags & PRIV && !domain_is_privileged(c->dom))
		return EACCES;
	if (op->flags & MAY_WRITE && c->read_only)
		return EACCES;
	err = split(r, op);
	if (err)
		return err;
	if (r->h.tx_id) {
		r->tx = transaction_find(c, r->h.tx_id);
		if (!r->tx)
			return ENOENT;
		if (r->tx->spoiled && r->h.type != XS_TRANSACTION_END)
			return EAGAIN;
	}
	if (trace_on())
		trace("conn %llu: domain %u, tx %u: %s %s", (unsigned long long)c->id,
			c->dom->domid, r->h.tx_id, op->name, r->n_args ? r->arg[0] : "");
	return op->serve(r);
}

void request_serve(struct request *r)
{
	int err;

	r->conn->store->stats.ops++;
	r->conn->dom->ops++;
	err = serve(r);
	if (err)
		conn_reply_error(r->conn, &r->h, err);
}

void request_ok(struct request *r)
{
	conn_reply(r->conn, &r->h, r->h.type, "OK", 3);
}

int request_domid(const char *text, unsigned int *domid)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n > DOMID_LAST)
		return EINVAL;
	*domid = (unsigned int)n;
	return 0;
}

int do_watch(struct request *r)
{
	struct conn *c = r->conn;
	struct watch *w;
	struct path p;
	int err = path_resolve_special(&p, r->arg[0], strlen(r->arg[0]), c->dom->domid);
	uint32_t token = (uint32_t)strlen(r->arg[1]);

	/* An event for the path itself must fit into one message. */
	if (!err && p.len + token + 2 > XENSTORE_PAYLOAD_MAX)
		err = E2BIG;
	if (!err)
		err = journal_reserve(c->store->journal);
	if (!err)
		err = watch_add(c->store, c, &p, r->arg[1], token, &w);
	if (err)
		return err;
	journal_watch(c->store->journal, c, w);
	request_ok(r);
	watch_fire_first(w);
	return 0;
}

int do_unwatch(struct request *r)
{
	struct conn *c = r->conn;
	struct path p;
	int err = path_resolve_special(&p, r->arg[0], strlen(r->arg[0]), c->dom->domid);

	if (!err)
		err = watch_remove(c->store, c, &p, r->arg[1], (uint32_t)strlen(r->arg[1]));
	if (err)
		return err;
	journal_unwatch(c->store->journal, c, &p, r->arg[1]);
	request_ok(r);
	return 0;
}

int do_reset_watches(struct request *r)
{
	struct conn *c = r->conn;

	if (r->tx)
		return EBUSY;
	transaction_drop_all(c);
	watch_remove_all(c->store, c);
	journal_reset(c->store->journal, c, false);
	request_ok(r);
	return 0;
}

int do_transaction_start(struct request *r)
{
	struct conn *c = r->conn;
	struct transaction *t;
	char id[16];
	int len, err;

	if (r->tx)
		return EBUSY;
	err = journal_reserve(c->store->journal);
	if (!err)
		err = transaction_start(c->store, c, 0, &t);
	if (err)
		return err;
	journal_tx_start(c->store->journal, t);
	len = snprintf(id, sizeof(id), "%u", t->id);
	conn_reply(c, &r->h, r->h.type, id, (size_t)len + 1);
	return 0;
}

int do_transaction_end(struct request *r)
{
	struct conn *c = r->conn;
	uint32_t id = r->h.tx_id;
	int err = 0;

	if (!r->tx)
		return ENOENT;
	if (strcmp(r->arg[0], "T") && strcmp(r->arg[0], "F"))
		return EINVAL;
	if (r->arg[0][0] == 'T')
		err = transaction_commit(c->store, r->tx);
	else
		transaction_drop(r->tx);
	journal_tx_end(c->store->journal, c, id);
	if (!err)
		request_ok(r);
	return err;
}

int do_introduce(struct request *r)
{
	unsigned long long ring;
	unsigned int domid, port;
	char *end;
	int err = request_domid(r->arg[0], &domid);

	if (err)
		return err;
	ring = strtoull(r->arg[1], &end, 10);
	if (end == r->arg[1] || *end)
		return EINVAL;
	port = (unsigned int)strtoul(r->arg[2], &end, 10);
	if (end == r->arg[2] || *end)
		return EINVAL;
	err = domain_introduce(r->conn->store, domid, ring, port);
	if (!err)
		request_ok(r);
	return err;
}

int do_release(struct request *r)
{
	unsigned int domid;
	int err = request_domid(r->arg[0], &domid);

	if (!err)
		err = domid ? domain_release(r->conn->store, domid) : EINVAL;
	if (!err)
		request_ok(r);
	return err;
}

int do_get_domain_path(struct request *r)
{
	unsigned int domid;
	char path[40];
	int len, err = request_domid(r->arg[0], &domid);

	if (err)
		return err;
	len = snprintf(path, sizeof(path), "/local/domain/%u", domid);
	conn_reply(r->conn, &r->h, r->h.type, path, (size_t)len + 1);
	return 0;
}

int do_is_domain_introduced(struct request *r)
{
	const struct domain *d;
	unsigned int domid;
	int err = request_domid(r->arg[0], &domid);

	if (err)
		return err;
	d = domain_by_id(r->conn->store, domid);
	conn_reply(r->conn, &r->h, r->h.type, d && d->introduced ? "T" : "F", 2);
	return 0;
}

int do_resume(struct request *r)
{
	struct domain *d;
	unsigned int domid;
	int err = request_domid(r->arg[0], &domid);

	if (err)
		return err;
	d = domain_by_id(r->conn->store, domid);
	if (!d || !d->introduced)
		return ENOENT;
	d->shutdown = false;
	journal_domain(r->conn->store->journal, d);
	request_ok(r);
	return 0;
}

int do_set_target(struct request *r)
{
	struct domain *d, *target;
	unsigned int domid, other;
	int err = request_domid(r->arg[0], &domid);

	if (!err)
		err = request_domid(r->arg[1], &other);
	if (err)
		return err;
	d = domain_by_id(r->conn->store, domid);
	target = domain_by_id(r->conn->store, other);
	if (!d || !target || !d->introduced || !target->introduced)
		return ENOENT;
	domain_get(target);
	domain_put(d->target);
	d->target = target;
	journal_domain(r->conn->store->journal, d);
	request_ok(r);
	return 0;
}
