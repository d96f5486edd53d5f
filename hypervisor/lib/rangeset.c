/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of numbers as a sorted array of disjoint, non-adjacent inclusive ranges. Changes build the
 * new array first, so that they either happen whole or not at all. Lock: the set's own; readers
 * take it too.
 */
#include "lib/alloc.h"
#include "lib/lock.h"
#include "lib/rangeset.h"
#include "lib/string.h"

#define RANGESET_LIMIT 1024 /* ranges of one set */

struct range {
	u64 first, last;
};

struct rangeset {
	spinlock_t lock;
	unsigned count, room;
	struct range *ranges;
	const char *name;
};

struct rangeset *rangeset_new(const char *name)
{
	struct rangeset *r = heap_alloc(sizeof(*r));

	if (r)
		r->name = name;
	return r;
}

void rangeset_free(struct rangeset *r)
{
	if (!r)
		return;
	heap_free(r->ranges);
	heap_free(r);
}

/* The first range that ends at or after n, or count. */
static unsigned range_at(const struct rangeset *r, u64 n)
{
	unsigned low = 0, high = r->count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (r->ranges[mid].last < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Make room for `more` further ranges. ENOMEM. */
static int range_room(struct rangeset *r, unsigned more)
{
	unsigned want = r->count + more;
	struct range *bigger;

	if (want <= r->room)
		return 0;
	if (want > RANGESET_LIMIT)
		return fail(ENOMEM);
	want = max(want, max(r->room * 2, 8u));
	bigger = heap_alloc(want * sizeof(*bigger));
	if (!bigger)
		return fail(ENOMEM);
	if (r->count)
		memcpy(bigger, r->ranges, r->count * sizeof(*bigger));
	heap_free(r->ranges);
	r->ranges = bigger;
	r->room = want;
	return 0;
}

/* Replace ranges [from, to) with the `n` given ones; room was made. */
static void range_replace(
	struct rangeset *r, unsigned from, unsigned to, const struct range *with, unsigned n)
{
	memmove(r->ranges + from + n, r->ranges + to, (r->count - to) * sizeof(*with));
	for (unsigned i = 0; i < n; i++)
		r->ranges[from + i] = with[i];
	r->count = r->count - (to - from) + n;
}

int rangeset_add(struct rangeset *r, u64 first, u64 last)
{
	struct range merged = { first, last };
	unsigned from, to;
	int rc;

	if (first > last)
		return fail(EINVAL);
	spin_lock(&r->lock);
	rc = range_room(r, 1);
	if (rc == 0) {
		from = to =
			range_at(r, first ? first - 1 : 0); /* one that ends just before joins */
		while (to < r->count && (last == ~0ull || r->ranges[to].first <= last + 1)) {
			merged.first = min(merged.first, r->ranges[to].first);
			merged.last = max(merged.last, r->ranges[to].last);
			to++;
		}
		range_replace(r, from, to, &merged, 1);
	}
	spin_unlock(&r->lock);
	return rc;
}

int rangeset_remove(struct rangeset *r, u64 first, u64 last)
{
	struct range keep[2];
	unsigned from, to, n = 0;
	int rc;

	if (first > last)
		return fail(EINVAL);
	spin_lock(&r->lock);
	rc = range_room(r, 1);
	if (rc == 0) {
		from = to = range_at(r, first);
		while (to < r->count && r->ranges[to].first <= last)
			to++;
		if (from < to && r->ranges[from].first < first)
			keep[n++] = (struct range){ r->ranges[from].first, first - 1 };
		if (from < to && r->ranges[to - 1].last > last)
			keep[n++] = (struct range){ last + 1, r->ranges[to - 1].last };
		range_replace(r, from, to, keep, n);
	}
	spin_unlock(&r->lock);
	return rc;
}

bool rangeset_contains(struct rangeset *r, u64 first, u64 last)
{
	unsigned i;
	bool yes;

	if (!r || first > last)
		return false;
	spin_lock(&r->lock);
	i = range_at(r, first);
	yes = i < r->count && r->ranges[i].first <= first && r->ranges[i].last >= last;
	spin_unlock(&r->lock);
	return yes;
}

bool rangeset_overlaps(struct rangeset *r, u64 first, u64 last)
{
	unsigned i;
	bool yes;

	if (!r || first > last)
		return false;
	spin_lock(&r->lock);
	i = range_at(r, first);
	yes = i < r->count && r->ranges[i].first <= last;
	spin_unlock(&r->lock);
	return yes;
}
