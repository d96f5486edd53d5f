/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See persistent.h. Pages are found by their reference's hash, and stand in the order of their last
 * use. The one that was not used for longest makes room for another one, unless that was a moment
 * ago: a front end with more pages than these has the rest of them copied, where mapping and
 * unmapping them in turn would cost much more than it saves.
 */
#include "blkback/persistent.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "tools/lib/backend.h"

#define BUCKETS 1024
#define IDLE_NS 1000000000ull

struct mapped {
	struct mapped *next;	      /* of the same hash */
	struct mapped *newer, *older; /* by last use */
	uint8_t *at;
	uint64_t used_ns;
	uint32_t ref;
};

struct persistent {
	uint32_t domid;
	unsigned int count;
	struct mapped *newest, *oldest;
	struct mapped *bucket[BUCKETS];
	struct mapped page[PERSISTENT_MAX];
};

struct persistent *persistent_start(uint32_t domid)
{
	struct persistent *p = xalloc(sizeof(*p));

	p->domid = domid;
	return p;
}

void persistent_end(struct persistent *p)
{
	if (!p)
		return;
	while (p->count)
		xengnttab_unmap(backend_gnttab(), p->page[--p->count].at, 1);
	free(p);
}

unsigned int persistent_count(const struct persistent *p)
{
	return p->count;
}

static struct mapped **bucket(struct persistent *p, uint32_t ref)
{
	return &p->bucket[ref % BUCKETS];
}

static void take_out(struct persistent *p, struct mapped *m)
{
	*(m->newer ? &m->newer->older : &p->newest) = m->older;
	*(m->older ? &m->older->newer : &p->oldest) = m->newer;
}

static void put_first(struct persistent *p, struct mapped *m, uint64_t now_ns)
{
	m->used_ns = now_ns;
	m->newer = NULL;
	m->older = p->newest;
	*(p->newest ? &p->newest->newer : &p->oldest) = m;
	p->newest = m;
}

static void forget(struct persistent *p, struct mapped *m)
{
	struct mapped **link = bucket(p, m->ref);

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
	take_out(p, m);
	xengnttab_unmap(backend_gnttab(), m->at, 1);
}

static uint8_t *map(struct persistent *p, uint32_t ref, uint64_t now_ns)
{
	struct mapped *m = p->oldest;
	uint8_t *at;

	if (p->count == PERSISTENT_MAX && now_ns - m->used_ns < IDLE_NS)
		return NULL;
	at = xengnttab_map_grant_ref(backend_gnttab(), p->domid, ref, PROT_READ | PROT_WRITE);
	if (!at)
		return NULL;
	if (p->count == PERSISTENT_MAX)
		forget(p, m);
	else
		m = &p->page[p->count++];
	m->at = at;
	m->ref = ref;
	m->next = *bucket(p, ref);
	*bucket(p, ref) = m;
	put_first(p, m, now_ns);
	return at;
}

uint8_t *persistent_page(struct persistent *p, uint32_t ref, uint64_t now_ns)
{
	struct mapped *m = *bucket(p, ref);

	while (m && m->ref != ref)
		m = m->next;
	if (!m)
		return map(p, ref, now_ns);
	if (m != p->newest) {
		take_out(p, m);
		put_first(p, m, now_ns);
	}
	m->used_ns = now_ns;
	return m->at;
}
