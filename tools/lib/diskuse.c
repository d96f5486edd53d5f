/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else uses a disk: see diskuse.h. Other guests by their records in xenstore, the control
 * domain by /proc/self/mountinfo, whose format is in proc(5).
 */
#include "tools/lib/diskuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/lib/diskimage.h"
#include "tools/lib/paths.h"

/* Do a disk's target and another's mean the same storage? */
static bool same(const struct disk_config *d, const struct stat *st, const char *target)
{
	struct stat other;
	char *mine, *its;
	bool is;

	if (!st) {
		if (!diskimage_is_nbd(target))
			return false;
		mine = diskimage_nbd_name(d->path);
		its = diskimage_nbd_name(target);
		is = !strcmp(mine, its);
		free(mine);
		free(its);
		return is;
	}
	if (stat(target, &other))
		return false;
	if (S_ISBLK(st->st_mode))
		return S_ISBLK(other.st_mode) && other.st_rdev == st->st_rdev;
	return other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* Has another disk the same storage, with one of the two writing? */
static int check_guests(
	struct store *s, const struct disk_config *d, const struct stat *st, struct error *e)
{
	unsigned int ndoms, ndisks, i, k;
	char **doms = store_list(s, &ndoms, "/libxl"), **disks, *target, *mode, *name;
	int rc = 0;

	for (i = 0; i < ndoms && !rc; i++) {
		disks = store_list(s, &ndisks, "/libxl/%s/device/vbd", doms[i]);
		for (k = 0; k < ndisks && !rc; k++) {
			target = store_read(s, "/libxl/%s/device/vbd/%s/image", doms[i], disks[k]);
			if (!target)
				target = store_read(
					s, "/libxl/%s/device/vbd/%s/params", doms[i], disks[k]);
			mode = store_read(s, "/libxl/%s/device/vbd/%s/mode", doms[i], disks[k]);
			if (target && same(d, st, target) &&
				(d->readwrite || (mode && *mode == 'w'))) {
				name = store_read(s, "/local/domain/%s/name", doms[i]);
				rc = error_set(e, ERR_BUSY, "disk %s: %s is in use by guest \"%s\"",
					d->vdev, d->path, name ? name : doms[i]);
				error_advice(e, "stop that guest, or give both access=ro");
				free(name);
			}
			free(target);
			free(mode);
		}
		free(disks);
	}
	free(doms);
	return rc;
}

/* The disk that a partition is on; the device itself if it is none. */
static dev_t whole_disk(dev_t dev)
{
	char *dir = xprintf("%s/dev/block/%u:%u", path_sysfs, major(dev), minor(dev)),
	     *partition = xprintf("%s/partition", dir), *above = xprintf("%s/../dev", dir),
	     *text = access(partition, F_OK) ? NULL : file_read(above, 64, NULL);
	unsigned int ma, mi;

	if (text && sscanf(text, "%u:%u", &ma, &mi) == 2)
		dev = makedev(ma, mi);
	free(text);
	free(above);
	free(partition);
	free(dir);
	return dev;
}

/* One is the other, or on it. */
static bool overlap(dev_t a, dev_t b)
{
	return a == b || whole_disk(a) == b || a == whole_disk(b);
}

/* Is a line's file system on that device? What uses many devices (btrfs) has a number of its own
 * there, and one of them as the source. */
static bool line_is_on(const char *line, dev_t dev)
{
	const char *rest = strstr(line, " - ");
	char source[400];
	unsigned int ma, mi;
	struct stat st;

	if (sscanf(line, "%*u %*u %u:%u", &ma, &mi) == 2 && ma && overlap(makedev(ma, mi), dev))
		return true;
	return rest && sscanf(rest, " - %*s %399s", source) == 1 && *source == '/' &&
	       !stat(source, &st) && S_ISBLK(st.st_mode) && overlap(st.st_rdev, dev);
}

static int check_mounts(const struct disk_config *d, dev_t dev, struct error *e)
{
	char *text = file_read(path_mounts, 16 << 20, NULL), *next = text, *line;
	char where[400];
	int rc = 0;

	if (!text)
		return error_errno(e, ERR_NOFILE, "disk %s: %s", d->vdev, path_mounts);
	while (!rc && (line = strsep(&next, "\n"))) {
		if (!line_is_on(line, dev) || sscanf(line, "%*u %*u %*s %*s %399s", where) != 1)
			continue;
		rc = error_set(e, ERR_BUSY, "disk %s: %s is mounted in the control domain on %s",
			d->vdev, d->path, where);
		error_advice(e, "umount %s, or access=ro; w! is at your own risk", where);
	}
	free(text);
	return rc;
}

int diskuse_check(
	struct store *s, const struct disk_config *d, const struct stat *st, struct error *e)
{
	if (d->unchecked)
		return 0;
	if (check_guests(s, d, st, e))
		return -1;
	return d->readwrite && st && S_ISBLK(st->st_mode) ? check_mounts(d, st->st_rdev, e) : 0;
}

int diskuse_apart(const struct disk_config *d, const struct disk_config *other, struct error *e)
{
	bool nbd = diskimage_is_nbd(d->path);
	struct stat st;

	if (d->unchecked || other->unchecked || d->script || other->script)
		return 0;
	if (!d->readwrite && !other->readwrite)
		return 0;
	if (!nbd && stat(d->path, &st))
		return 0;
	if (!same(d, nbd ? NULL : &st, other->path))
		return 0;
	error_set(e, ERR_BUSY, "disk %s: %s is disk %s too, and one of them may write to it",
		d->vdev, d->path, other->vdev);
	error_advice(e, "take one of them out, or give both access=ro");
	return -1;
}
