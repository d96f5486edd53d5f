/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains; see domain.h. */
#include "domain.h"

#include <errno.h>
#include <stdlib.h>

#include "conn.h"
#include "domain_link.h"
#include "journal.h"
#include "report.h"
#include "ring.h"
#include "store.h"

void domain_put(struct domain *d)
{
	if (!d || --d->refs)
		return;
	free(d);
}

struct domain *domain_by_id(struct store *s, unsigned int domid)
{
	return domid <= DOMID_LAST ? s->by_id[domid] : NULL;
}

struct domain *domain_restore(struct store *s, unsigned int domid, uint64_t generation, bool alive)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->refs = 1;
	d->domid = domid;
	d->generation = generation;
	d->store = s;
	d->alive = alive;
	list_init(&d->all);
	if (generation >= s->next_generation)
		s->next_generation = generation + 1;
	if (alive) {
		s->by_id[domid] = domain_get(d);
		list_append(&s->domains, &d->all);
	}
	return d;
}

struct domain *domain_identity(struct store *s, unsigned int domid)
{
	struct domain *d = domain_by_id(s, domid);
	bool alive;

	if (d)
		return domain_get(d);
	alive = !s->link || link_domain(s->link, domid) != LINK_ABSENT;
	d = domain_restore(s, domid, s->next_generation, alive);
	if (d)
		journal_domain(s->journal, d);
	return d;
}

static void ring_drop(struct domain *d)
{
	if (d->conn)
		conn_close(d->conn);
	d->introduced = false;
}

int domain_introduce(struct store *s, unsigned int domid, uint64_t ring, uint32_t port)
{
	struct domain *d;
	bool again;
	int err = 0;

	if (!s->link)
		return ENOSYS;
	d = domain_identity(s, domid);
	if (!d)
		return ENOMEM;
	if (!d->alive)
		err = ENOENT;
	else if (domid == 0 && d->introduced)
		err = EISCONN; /* whoever asks may be on that ring */
	again = d->introduced;
	if (!err) {
		ring_drop(d);
		d->ring = ring;
		d->remote_port = port;
		err = ring_open(s, d);
	}
	if (!err) {
		d->introduced = true;
		d->shutdown = false;
		journal_domain(s->journal, d);
		if (!again)
			watch_fire_special(s, "@introduceDomain", domid);
	}
	domain_put(d);
	return err;
}

void domain_forget(struct store *s, struct domain *d)
{
	d->alive = false;
	list_remove(&d->all);
	s->by_id[d->domid] = NULL;
	domain_put(d->target);
	d->target = NULL;
	domain_put(d); /* the table's */
}

void domain_die(struct store *s, struct domain *d)
{
	bool told = d->introduced;

	ring_drop(d);
	store_remove_owned(s, d);
	domain_get(d);
	domain_forget(s, d);
	journal_domain(s->journal, d);
	if (told)
		watch_fire_special(s, "@releaseDomain", d->domid);
	domain_put(d);
}

int domain_release(struct store *s, unsigned int domid)
{
	struct domain *d = domain_by_id(s, domid);

	if (!d || !d->introduced)
		return ENOENT;
	if (!s->link || link_domain(s->link, domid) == LINK_ABSENT) {
		domain_die(s, d);
		return 0;
	}
	ring_drop(d);
	journal_domain(s->journal, d);
	watch_fire_special(s, "@releaseDomain", domid);
	return 0;
}

void domain_check_all(struct store *s)
{
	list_for_each_safe (l, after, &s->domains) {
		struct domain *d = list_entry(l, struct domain, all);
		enum link_state state = d->domid ? link_domain(s->link, d->domid) : LINK_ALIVE;

		if (state == LINK_ABSENT) {
			domain_die(s, d);
		} else if (state == LINK_SHUTDOWN && d->introduced && !d->shutdown) {
			d->shutdown = true;
			journal_domain(s->journal, d);
			watch_fire_special(s, "@releaseDomain", d->domid);
		}
	}
	journal_commit(s->journal);
}
