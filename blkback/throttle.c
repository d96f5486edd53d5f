/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of a disk: requests and bytes a second, each a bucket that holds a tenth of a second's
 * worth. A request starts while both buckets hold something and takes what it needs, below nothing
 * if need be; the next one waits until that is made up.
 */
#include "blkback/disk.h"

#define NS	 1000000000.0
#define BURST	 0.1
#define PAUSE_US 2000

static void refill(struct disk *d)
{
	uint64_t now = disk_now_ns();
	double passed = (now - d->tokens_ns) / NS;

	d->tokens_ns = now;
	d->tokens_io += passed * d->iops;
	d->tokens_bytes += passed * d->bps;
	if (d->tokens_io > d->iops * BURST + 1)
		d->tokens_io = d->iops * BURST + 1;
	if (d->tokens_bytes > d->bps * BURST + 1)
		d->tokens_bytes = d->bps * BURST + 1;
}

static int again(sd_event_source *src, uint64_t now, void *arg)
{
	struct disk *d = arg;
	unsigned int i;

	d->tokens_timer = sd_event_source_disable_unref(src);
	for (i = 0; i < d->queues; i++)
		if (d->queue[i].channel)
			backend_kick(d->queue[i].channel);
	return 0;
}

bool throttle_take(struct disk *d)
{
	if (!d->iops && !d->bps)
		return true;
	refill(d);
	if ((!d->iops || d->tokens_io >= 1) && (!d->bps || d->tokens_bytes > 0)) {
		d->tokens_io -= 1;
		return true;
	}
	if (!d->tokens_timer)
		backend_after(&d->tokens_timer, PAUSE_US, again, d);
	return false;
}

void throttle_charge(struct disk *d, uint64_t bytes)
{
	if (d->bps)
		d->tokens_bytes -= bytes;
}

void throttle_set(struct disk *d, uint64_t iops, uint64_t bps)
{
	d->iops = iops;
	d->bps = bps;
	d->tokens_io = d->tokens_bytes = 1;
	d->tokens_ns = disk_now_ns();
}

void throttle_stop(struct disk *d)
{
	d->tokens_timer = sd_event_source_disable_unref(d->tokens_timer);
}
