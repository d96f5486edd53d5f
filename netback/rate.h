/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a guest may transmit: a token bucket in bytes. A frame may be sent while the bucket is
 * not empty and may take it below zero, so that frames larger than an interval's bytes still pass
 * and the mean is exact. Pure; time is given by the caller in ns.
 */
#ifndef NETBACK_RATE_H
#define NETBACK_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t bytes, interval; /* bytes each interval of ns; bytes 0: no limit */
	int64_t tokens, most;	  /* bytes; how many are saved up */
	uint64_t filled;	  /* when tokens were last counted */
};

/* bytes each usec microseconds, beginning with one interval's bytes. 0 bytes: no limit. */
void rate_set(struct rate *r, uint64_t bytes, uint64_t usec, uint64_t now);
/* May a frame go? */
bool rate_open(struct rate *r, uint64_t now);
void rate_take(struct rate *r, uint32_t bytes);
/* ns until rate_open() is true again. */
uint64_t rate_wait(const struct rate *r, uint64_t now);

#endif
