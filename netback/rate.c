/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The token bucket: see rate.h. Time is counted up to whole tokens only, so nothing is lost by
 * looking often.
 */
#include "netback/rate.h"

#define NS_PER_US 1000u
#define BURST	  131072 /* saved up at most if an interval gives less: two large frames */
#define MAX_SECONDS \
	3600u /* an interval longer than that is cut: the products below stay in range */

void rate_set(struct rate *r, uint64_t bytes, uint64_t usec, uint64_t now)
{
	if (usec > MAX_SECONDS * 1000000ull)
		usec = MAX_SECONDS * 1000000ull;
	r->bytes = usec && bytes <= INT64_MAX / 2 ? bytes : 0;
	r->interval = usec * NS_PER_US;
	r->most = (int64_t)r->bytes > BURST ? (int64_t)r->bytes : BURST;
	r->tokens = (int64_t)r->bytes;
	r->filled = now;
}

bool rate_open(struct rate *r, uint64_t now)
{
	uint64_t passed = now - r->filled, more;

	if (!r->bytes)
		return true;
	more = (unsigned __int128)passed * r->bytes / r->interval;
	if (r->tokens + (__int128)more >= r->most) {
		r->tokens = r->most;
		r->filled = now;
	} else if (more) {
		r->tokens += (int64_t)more;
		r->filled += (unsigned __int128)more * r->interval / r->bytes;
	}
	return r->tokens > 0;
}

void rate_take(struct rate *r, uint32_t bytes)
{
	if (r->bytes)
		r->tokens -= bytes;
}

uint64_t rate_wait(const struct rate *r, uint64_t now)
{
	unsigned __int128 ns;
	uint64_t at;

	if (!r->bytes || r->tokens > 0)
		return 0;
	ns = ((unsigned __int128)(1 - r->tokens) * r->interval + r->bytes - 1) / r->bytes;
	at = r->filled + (uint64_t)ns;
	return at > now ? at - now : 0;
}
