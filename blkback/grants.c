/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Persistent grants of a ring: pages that the front end uses again and again for its data (it says
 * so by "feature-persistent") stay mapped here, so that a request costs neither a copy nor a
 * hypercall. At most GRANTS_MAX a ring; when they are used up the one that was not used for the
 * longest time goes, if that was long ago: a front end that uses more pages than that has its data
 * copied. Mappings are for reading and writing, as such grants are; a page stays ours while it is
 * mapped, whatever becomes of the guest.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "blkback/disk.h"

#define GRANTS_MAX 1056
#define BUCKETS	   1024
#define LONG_AGO   (4 * GRANTS_MAX) /* in uses of the ring's pages */

struct grant {
	struct grant *next; /* of its bucket */
	struct grant *older, *newer;
	uint32_t ref;
	unsigned int users;
	uint64_t last;
	uint8_t *page;
};

struct grants {
	struct grant *bucket[BUCKETS];
	struct grant *oldest, *newest;
	unsigned int count;
	uint64_t uses;
};

struct grants *grants_new(void)
{
	return xalloc(sizeof(struct grants));
}

static void unlink_age(struct grants *g, struct grant *e)
{
	*(e->older ? &e->older->newer : &g->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &g->newest) = e->older;
}

static void link_newest(struct grants *g, struct grant *e)
{
	e->older = g->newest;
	e->newer = NULL;
	*(g->newest ? &g->newest->newer : &g->oldest) = e;
	g->newest = e;
	e->last = ++g->uses;
}

static void drop(struct grants *g, struct grant *e)
{
	struct grant **link = &g->bucket[e->ref % BUCKETS];

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	unlink_age(g, e);
	xengnttab_unmap(backend_gnttab(), e->page, 1);
	g->count--;
	free(e);
}

uint8_t *grants_get(struct grants *g, uint32_t domid, uint32_t ref)
{
	struct grant *e;
	uint8_t *page;

	for (e = g->bucket[ref % BUCKETS]; e && e->ref != ref; e = e->next)
		;
	if (e) {
		unlink_age(g, e);
		link_newest(g, e);
		e->users++;
		return e->page;
	}
	e = g->oldest;
	if (g->count == GRANTS_MAX) {
		if (e->users || g->uses - e->last < LONG_AGO) {
			g->uses++;
			return NULL;
		}
		drop(g, e);
	}
	page = xengnttab_map_grant_ref(backend_gnttab(), domid, ref, PROT_READ | PROT_WRITE);
	if (!page)
		return NULL;
	e = xalloc(sizeof(*e));
	e->ref = ref;
	e->page = page;
	e->users = 1;
	e->next = g->bucket[ref % BUCKETS];
	g->bucket[ref % BUCKETS] = e;
	link_newest(g, e);
	g->count++;
	return page;
}

void grants_put(struct grants *g, uint32_t ref)
{
	struct grant *e;

	for (e = g->bucket[ref % BUCKETS]; e && e->ref != ref; e = e->next)
		;
	if (e)
		e->users--;
}

unsigned int grants_count(const struct grants *g)
{
	return g->count;
}

void grants_free(struct grants *g)
{
	while (g && g->oldest)
		drop(g, g->oldest);
	free(g);
}
