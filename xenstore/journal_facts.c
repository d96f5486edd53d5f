/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log keeps, fact by fact; recover.c reads it. Both are to be changed together, and
 * record.def. */
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "perms.h"
#include "record.h"
#include "ring.h"
#include "store.h"
#include "transaction.h"
#include "watch.h"

static bool kept(const struct journal *j, const struct conn *c)
{
	return j && c->is_ring;
}

void put_domain_ref(struct journal *j, const struct domain *d)
{
	put_u32(j, d ? d->domid : ~0u);
	put_u64(j, d ? d->generation : 0);
}

void put_perms(struct journal *j, const struct perms *p)
{
	put_u32(j, p ? p->n : 0);
	for (uint32_t i = 0; p && i < p->n; i++) {
		put_domain_ref(j, p->p[i].dom);
		put_u32(j, p->p[i].access);
	}
}

void put_change(struct journal *j, const struct change *ch)
{
	put_u32(j, ch->kind);
	put_string(j, ch->path->s, ch->path->len);
	put_string(j, ch->value, ch->len);
	put_perms(j, ch->perms);
}

void journal_change(struct journal *j, const struct change *ch)
{
	if (!j)
		return;
	put_start(j, RECORD_CHANGE);
	put_change(j, ch);
	put_end(j);
}

void journal_special(struct journal *j, const char *name, const struct perms *perms)
{
	if (!j)
		return;
	put_start(j, RECORD_SPECIAL);
	put_string(j, name, (uint32_t)strlen(name));
	put_perms(j, perms);
	put_end(j);
}

void journal_quota(struct journal *j, unsigned int quota, uint64_t value)
{
	if (!j)
		return;
	put_start(j, RECORD_QUOTA);
	put_u32(j, quota);
	put_u64(j, value);
	put_end(j);
}

void journal_domain(struct journal *j, const struct domain *d)
{
	const struct conn *c = d->conn;

	if (!j)
		return;
	put_start(j, RECORD_DOMAIN);
	put_domain_ref(j, d);
	put_u32(j, (d->alive ? 1 : 0) | (d->introduced ? 2 : 0) | (d->shutdown ? 4 : 0));
	put_u32(j, d->remote_port);
	put_u64(j, d->ring);
	put_domain_ref(j, d->target);
	put_u64(j, c ? c->id : 0);
	put_u32(j, c ? c->ring->in_pos - c->in.len : 0);
	put_u32(j, c ? c->ring->out_pos : 0);
	put_u32(j, d->limit_set);
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (d->limit_set & (1u << q))
			put_u64(j, d->limit[q]);
	put_end(j);
}

void put_watch(struct journal *j, const struct conn *c, const struct watch *w)
{
	put_start(j, RECORD_WATCH);
	put_u64(j, c->id);
	put_u32(j, w->home);
	put_string(j, w->point->path, w->point->len);
	put_string(j, w->token, w->token_len);
	put_end(j);
}

void journal_watch(struct journal *j, const struct conn *c, const struct watch *w)
{
	if (kept(j, c))
		put_watch(j, c, w);
}

void journal_unwatch(
	struct journal *j, const struct conn *c, const struct path *p, const char *token)
{
	if (!kept(j, c))
		return;
	put_start(j, RECORD_UNWATCH);
	put_u64(j, c->id);
	put_string(j, p->s, p->len);
	put_string(j, token, (uint32_t)strlen(token));
	put_end(j);
}

void journal_reset(struct journal *j, const struct conn *c, bool ring)
{
	if (!kept(j, c))
		return;
	put_start(j, RECORD_RESET);
	put_u64(j, c->id);
	put_u32(j, ring);
	put_end(j);
}

static void tx_record(struct journal *j, const struct transaction *t, uint32_t type)
{
	put_start(j, type);
	put_u64(j, t->conn->id);
	put_u32(j, t->id);
}

void journal_tx_start(struct journal *j, const struct transaction *t)
{
	if (!kept(j, t->conn))
		return;
	tx_record(j, t, RECORD_TX_START);
	put_end(j);
}

void journal_tx_note(struct journal *j, const struct transaction *t, const char *path, uint32_t len,
	unsigned int learned, unsigned int wrote)
{
	if (!kept(j, t->conn))
		return;
	tx_record(j, t, RECORD_TX_NOTE);
	put_u32(j, learned);
	put_u32(j, wrote);
	put_string(j, path, len);
	put_end(j);
}

void journal_tx_change(struct journal *j, const struct transaction *t, const struct change *ch)
{
	if (!kept(j, t->conn))
		return;
	tx_record(j, t, RECORD_TX_CHANGE);
	put_change(j, ch);
	put_end(j);
}

void journal_tx_spoiled(struct journal *j, const struct transaction *t)
{
	if (!kept(j, t->conn))
		return;
	tx_record(j, t, RECORD_TX_SPOILED);
	put_end(j);
}

void journal_tx_end(struct journal *j, const struct conn *c, uint32_t id)
{
	if (!kept(j, c))
		return;
	put_start(j, RECORD_TX_END);
	put_u64(j, c->id);
	put_u32(j, id);
	put_u32(j, c->tries);
	put_end(j);
}

static void bytes_record(
	struct journal *j, const struct conn *c, uint32_t type, const void *bytes, uint32_t size)
{
	if (!kept(j, c))
		return;
	put_start(j, type);
	put_u64(j, c->id);
	put_string(j, bytes, size);
	put_end(j);
}

void journal_output(struct journal *j, const struct conn *c, const void *message, uint32_t size)
{
	bytes_record(j, c, RECORD_OUTPUT, message, size);
}

void journal_input(struct journal *j, const struct conn *c, const void *bytes, uint32_t size)
{
	bytes_record(j, c, RECORD_INPUT, bytes, size);
}

void journal_done(struct journal *j, const struct conn *c, uint32_t size)
{
	if (!kept(j, c))
		return;
	put_start(j, RECORD_DONE);
	put_u64(j, c->id);
	put_u32(j, size);
	put_end(j);
}
