/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's way through xenbus: what it is and can do, its queues, its statistics and commands. It
 * owns the list of disks of the process. Nodes: <xen/io/blkif.h>; "sectors" counts 512 bytes
 * whatever the sector size is, as Linux on both sides has it.
 */
#include "blkback/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/backend_source.h"

static struct disk *disks;

uint64_t disk_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void disk_publish_all(void)
{
	struct disk *d;
	unsigned int i;

	for (d = disks; d; d = d->next)
		for (i = 0; i < d->queues; i++)
			if (d->queue[i].ring)
				queue_publish(&d->queue[i]);
}

static void forget_queues(struct disk *d)
{
	unsigned int i;

	throttle_stop(d);
	for (i = 0; i < d->queues; i++)
		queue_disconnect(&d->queue[i]);
	persistent_end(d->persistent);
	d->persistent = NULL;
	d->queues = 0;
	d->barrier = NULL;
	d->leaving = false;
}

void disk_request_over(struct disk *d)
{
	unsigned int i;

	if (d->leaving && !d->in_flight) {
		for (i = 0; i < d->queues; i++)
			if (d->queue[i].ring)
				queue_publish(&d->queue[i]);
		forget_queues(d);
		backend_disconnected(d->dev);
		return;
	}
	if (d->barrier)
		request_barrier(d);
	/* One of another disk may have waited for the memory. */
	for (d = disks; d; d = d->next)
		for (i = 0; i < d->queues && !d->barrier; i++)
			if (d->queue[i].waiting)
				backend_kick(d->queue[i].channel);
}

static int create(struct backend_device *dev)
{
	struct disk *d = xalloc(sizeof(*d));

	*d = (struct disk){ .dev = dev, .fd = -1, .id = -1, .next = disks };
	disks = d;
	dev->own = d;
	return 0;
}

static void destroy(struct backend_device *dev)
{
	struct disk *d = dev->own, **link;

	for (link = &disks; *link != d; link = &(*link)->next)
		;
	*link = d->next;
	source_detach(d);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

/* Size and sector sizes of what is open; -1 with errno. */
static int measure(struct disk *d)
{
	struct statx stx;
	uint64_t bytes;
	int size = SECTOR;
	struct stat st;

	if (fstat(d->fd, &st))
		return -1;
	d->file = S_ISREG(st.st_mode);
	d->sector_size = d->physical_size = SECTOR;
	if (d->file) {
		d->sectors = st.st_size / SECTOR;
		/* A file system on a disk with larger sectors: through the page cache then. */
		if (!statx(d->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) &&
			stx.stx_mask & STATX_DIOALIGN && stx.stx_dio_offset_align > SECTOR)
			fcntl(d->fd, F_SETFL, fcntl(d->fd, F_GETFL) & ~O_DIRECT);
		return 0;
	}
	if (ioctl(d->fd, BLKGETSIZE64, &bytes) || ioctl(d->fd, BLKSSZGET, &size))
		return -1;
	d->sectors = bytes / SECTOR;
	d->sector_size = d->physical_size = size;
	if (!ioctl(d->fd, BLKPBSZGET, &size) && size >= SECTOR)
		d->physical_size = size;
	return 0;
}

static void publish_size(struct disk *d)
{
	backend_publish(d->dev, "sectors", "%llu", (unsigned long long)d->sectors);
}

static bool is(struct backend_device *dev, const char *name, const char *value)
{
	char *text = backend_own_text(dev, name);
	bool same = text && !strcmp(text, value);

	free(text);
	return same;
}

static int probe(struct backend_device *dev, const int *fds, unsigned int nfds)
{
	struct disk *d = dev->own;
	unsigned int info = 0;
	long long granularity;
	char *image;

	if (nfds != 1)
		return backend_fail(dev, "no disk was opened");
	d->fd = fds[0];
	if (measure(d))
		return backend_fail(dev, "cannot find out the disk's size: %s", strerror(errno));
	d->readonly = !is(dev, "mode", "w");
	/* A device's is in its nodes if it can discard; a file system frees whole blocks. */
	granularity = d->file ? PAGE : backend_own_number(dev, "discard-granularity", 0);
	d->discard = !d->readonly && granularity && backend_own_number(dev, "discard-enable", 0);
	if (source_attach(d))
		return -1;
	throttle_set(d, backend_own_number(dev, "iops", 0), backend_own_number(dev, "bps", 0));
	if (is(dev, "device-type", "cdrom"))
		info |= VDISK_CDROM;
	if (backend_own_number(dev, "removable", 0))
		info |= VDISK_REMOVABLE;
	if (d->readonly)
		info |= VDISK_READONLY;
	publish_size(d);
	backend_publish(dev, "sector-size", "%u", d->sector_size);
	backend_publish(dev, "physical-sector-size", "%u", d->physical_size);
	backend_publish(dev, "info", "%u", info);
	backend_publish(dev, "feature-flush-cache", "%d", !d->readonly);
	/* FUSE, behind which images are, does not pass on that a write is to be durable. */
	image = backend_own_text(dev, "image");
	backend_publish(dev, "feature-barrier", "%d", !d->readonly && !image);
	free(image);
	backend_publish(dev, "feature-discard", "%d", d->discard);
	if (d->discard) {
		backend_publish(dev, "discard-granularity", "%lld", granularity);
		backend_publish(dev, "discard-alignment", "%lld",
			d->file ? 0 : backend_own_number(dev, "discard-alignment", 0));
		backend_publish(dev, "discard-secure", "0");
	}
	backend_publish(dev, "feature-persistent", "1");
	backend_publish(dev, "feature-max-indirect-segments", "%d", SEGMENTS_MAX);
	backend_publish(dev, "max-ring-page-order", "%d", JOURNAL_RING_ORDER);
	backend_publish(dev, "multi-queue-max-queues", "%d", JOURNAL_QUEUES);
	return 0;
}

static int connect_disk(struct backend_device *dev)
{
	struct disk *d = dev->own;
	struct journal *j = dev->memory;
	uint32_t queues = 1, persistent = 0, i;
	char protocol[32];

	if (backend_front_text(dev, protocol, sizeof(protocol), "protocol") &&
		strcmp(protocol, "x86_64-abi") != 0)
		return backend_fail(dev, "the front end speaks %s", protocol);
	if (backend_front_optional(dev, &queues, 1, JOURNAL_QUEUES, "multi-queue-num-queues") ||
		backend_front_optional(dev, &persistent, 0, 1, "feature-persistent"))
		return -1;
	if (dev->resuming && (j->magic != JOURNAL_MAGIC || j->queues != queues))
		return backend_fail(dev, "the restart memory is of another connection");
	d->held = true;
	d->queues = queues;
	d->persistent = persistent ? persistent_start(dev->domid) : NULL;
	for (i = 0; i < queues; i++) {
		d->queue[i].disk = d;
		if (queue_connect(&d->queue[i], i, queues, dev->resuming))
			return -1;
	}
	for (i = 0; dev->resuming && i < queues; i++)
		queue_resume(&d->queue[i]);
	d->held = false;
	request_barrier(d);
	j->queues = queues;
	j->magic = JOURNAL_MAGIC;
	request_flush();
	return 0;
}

static bool disconnect(struct backend_device *dev)
{
	struct disk *d = dev->own;

	d->held = false;
	request_barrier(d);
	source_submit();
	if (d->in_flight) {
		d->leaving = true;
		return false;
	}
	forget_queues(d);
	return true;
}

static void statistics(struct backend_device *dev, struct text *t)
{
	static const char *const names[] = { "reads", "writes", "barriers", "flushes", NULL,
		"discards" };
	const struct disk *d = dev->own;
	const struct statistics *s = &d->stats;
	unsigned int i;

	text_add(t, "sectors %llu\nsector_size %u\nreadonly %d\nqueues %u\niops_limit %llu\n",
		(unsigned long long)d->sectors, d->sector_size, d->readonly, d->queues,
		(unsigned long long)d->iops);
	text_add(t, "bps_limit %llu\n", (unsigned long long)d->bps);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i])
			text_add(t, "%s %llu\n", names[i], (unsigned long long)s->requests[i]);
	text_add(t, "errors %llu\nbytes_read %llu\nbytes_written %llu\nbatches %llu\n",
		(unsigned long long)s->errors, (unsigned long long)s->bytes_read,
		(unsigned long long)s->bytes_written, (unsigned long long)s->batches);
	text_add(t, "notifications %llu\nlatency_us", (unsigned long long)s->notifications);
	for (i = 0; i < HISTOGRAM; i++)
		text_add(t, " %llu", (unsigned long long)s->latency[i]);
	text_add(t, "\n");
	if (d->persistent)
		text_add(t, "persistent_pages %u\n", persistent_count(d->persistent));
	for (i = 0; i < d->queues; i++)
		text_add(t, "ring%u entries %u in_flight %u most %u\n", i, d->queue[i].entries,
			d->queue[i].in_flight, d->queue[i].most_in_flight);
}

static int resize(struct disk *d, struct text *t)
{
	uint64_t before = d->sectors;

	if (measure(d)) {
		text_add(t, "cannot find out the disk's size: %s\n", strerror(errno));
		return -1;
	}
	publish_size(d);
	/* A front end looks at the size when our state is written, the same one too. */
	if (d->dev->state == XenbusStateConnected)
		backend_publish(d->dev, "state", "%d", XenbusStateConnected);
	text_add(t, "%llu sectors, before %llu\n", (unsigned long long)d->sectors,
		(unsigned long long)before);
	return 0;
}

static int command(struct backend_device *dev, const char *words, struct text *t)
{
	unsigned long long iops, bps;
	struct disk *d = dev->own;

	if (!strcmp(words, "resize"))
		return resize(d, t);
	if (sscanf(words, "limit iops=%llu bps=%llu", &iops, &bps) == 2) {
		throttle_set(d, iops, bps);
		return 0;
	}
	text_add(t, "unknown command\n");
	return -1;
}

_Static_assert(sizeof(struct journal) <= BACKEND_MEMORY_UVBD, "it is allocated");

static const int syscalls[] = { SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(statx), -1 };

const struct backend_ops disk_ops = {
	.program = "blkback",
	.kind = "uvbd",
	.memory = sizeof(struct journal),
	.start = source_start,
	.create = create,
	.probe = probe,
	.connect = connect_disk,
	.disconnect = disconnect,
	.destroy = destroy,
	.statistics = statistics,
	.command = command,
	.syscalls = syscalls,
};
