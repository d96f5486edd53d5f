/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See persistent.h. What one request brings is mapped, and later unmapped, as one group: each
 * unmapping of gntdev's is a flush of all processors' TLBs. Pages are found by their reference's
 * hash, groups stand in the order of their last use. The one that was not used for longest makes
 * room for another one, unless that was a moment ago: a front end with more pages than these has
 * the rest of them copied, where mapping and unmapping them in turn would cost much more.
 */
#include "blkback/persistent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tools/lib/backend.h"

#define BUCKETS	  1024
#define GROUP_MAX 33 /* pages: those of a request of Linux's */
#define IDLE_NS	  1000000000ull
#define PAGE	  4096

struct mapped {
	struct mapped *next; /* of the same hash */
	struct group *group;
	uint32_t ref;
};

struct group {
	struct group *newer, *older; /* by last use */
	uint64_t used_ns;
	uint8_t *at;
	unsigned int count;
	struct mapped page[];
};

struct persistent {
	uint32_t domid;
	unsigned int count; /* pages */
	struct group *newest, *oldest;
	struct mapped *bucket[BUCKETS];
};

struct persistent *persistent_start(uint32_t domid)
{
	struct persistent *p = xalloc(sizeof(*p));

	p->domid = domid;
	return p;
}

static void take_out(struct persistent *p, struct group *g)
{
	*(g->newer ? &g->newer->older : &p->newest) = g->older;
	*(g->older ? &g->older->newer : &p->oldest) = g->newer;
}

static void put_first(struct persistent *p, struct group *g)
{
	g->newer = NULL;
	g->older = p->newest;
	*(p->newest ? &p->newest->newer : &p->oldest) = g;
	p->newest = g;
}

static struct mapped **bucket(struct persistent *p, uint32_t ref)
{
	return &p->bucket[ref % BUCKETS];
}

static void forget(struct persistent *p, struct group *g)
{
	struct mapped **link;
	unsigned int i;

	for (i = 0; i < g->count; i++) {
		for (link = bucket(p, g->page[i].ref); *link != &g->page[i]; link = &(*link)->next)
			;
		*link = g->page[i].next;
	}
	take_out(p, g);
	p->count -= g->count;
	xengnttab_unmap(backend_gnttab(), g->at, g->count);
	free(g);
}

void persistent_end(struct persistent *p)
{
	while (p && p->oldest)
		forget(p, p->oldest);
	free(p);
}

unsigned int persistent_count(const struct persistent *p)
{
	return p->count;
}

static bool make_room(struct persistent *p, unsigned int n, uint64_t now_ns)
{
	while (p->count + n > PERSISTENT_MAX) {
		if (now_ns - p->oldest->used_ns < IDLE_NS)
			return false;
		forget(p, p->oldest);
	}
	return true;
}

static void map(struct persistent *p, uint32_t *refs, unsigned int n, uint64_t now_ns)
{
	struct group *g;
	unsigned int i;
	uint8_t *at;

	if (!n || !make_room(p, n, now_ns))
		return;
	at = xengnttab_map_domain_grant_refs(
		backend_gnttab(), n, p->domid, refs, PROT_READ | PROT_WRITE);
	if (!at)
		return;
	g = xalloc(sizeof(*g) + n * sizeof(g->page[0]));
	g->at = at;
	g->count = n;
	g->used_ns = now_ns;
	for (i = 0; i < n; i++) {
		g->page[i] = (struct mapped){ *bucket(p, refs[i]), g, refs[i] };
		*bucket(p, refs[i]) = &g->page[i];
	}
	p->count += n;
	put_first(p, g);
}

static struct mapped *find(struct persistent *p, uint32_t ref)
{
	struct mapped *m = *bucket(p, ref);

	while (m && m->ref != ref)
		m = m->next;
	return m;
}

static bool among(const uint32_t *refs, unsigned int n, uint32_t ref)
{
	while (n--)
		if (refs[n] == ref)
			return true;
	return false;
}

void persistent_want(struct persistent *p, const uint32_t *refs, unsigned int n, uint64_t now_ns)
{
	uint32_t missing[GROUP_MAX];
	unsigned int i, count = 0;

	for (i = 0; i < n; i++) {
		if (find(p, refs[i]) || among(missing, count, refs[i]))
			continue;
		missing[count++] = refs[i];
		if (count == GROUP_MAX) {
			map(p, missing, count, now_ns);
			count = 0;
		}
	}
	map(p, missing, count, now_ns);
}

uint8_t *persistent_page(struct persistent *p, uint32_t ref, uint64_t now_ns)
{
	struct mapped *m = find(p, ref);
	struct group *g;

	if (!m)
		return NULL;
	g = m->group;
	g->used_ns = now_ns;
	if (g != p->newest) {
		take_out(p, g);
		put_first(p, g);
	}
	return g->at + (m - g->page) * PAGE;
}
