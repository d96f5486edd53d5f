/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks: see disk.h. The node "physical-device" (major:minor in hexadecimal) is what makes
 * xen-blkback open a device; it is written last.
 */
#include "tools/lib/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/lib/diskimage.h"
#include "tools/lib/diskuse.h"
#include "tools/lib/hostconf.h"
#include "tools/lib/hotplug.h"
#include "tools/lib/log.h"

int disk_check(struct store *s, const struct disk_config *d, struct error *e)
{
	struct stat st;

	if (!d->path[0] || d->script)
		return 0;
	if (diskimage_is(d) && d->backend == BACKEND_KERNEL)
		return error_set(e, ERR_CONFIG,
			"disk %s: the kernel's back end serves raw disks only", d->vdev);
	if (diskimage_is_nbd(d->path))
		return diskuse_check(s, d, NULL, e);
	if (stat(d->path, &st)) {
		error_errno(e, ERR_NOFILE, "disk %s: %s", d->vdev, d->path);
		error_advice(e, "create it (qemu-img create -f raw %s 4G), or correct the target",
			d->path);
		return -1;
	}
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return error_set(e, ERR_CONFIG, "disk %s: %s is neither a file nor a block device",
			d->vdev, d->path);
	if (S_ISREG(st.st_mode) && st.st_size < 512)
		return error_set(e, ERR_CONFIG, "disk %s: %s is empty", d->vdev, d->path);
	if (access(d->path, d->readwrite ? R_OK | W_OK : R_OK))
		return error_errno(e, ERR_PERM, "disk %s: %s", d->vdev, d->path);
	return diskuse_check(s, d, &st, e);
}

/* A free loop device over the file; its path in out. */
static int loop_setup(const struct disk_config *d, char *out, size_t size, struct error *e)
{
	struct loop_config lc = { .info.lo_flags = d->readwrite ? 0 : LO_FLAGS_READ_ONLY };
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd, loop, n, tries, rc = -1;

	fd = open(d->path, (d->readwrite ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	lc.fd = fd;
	snprintf((char *)lc.info.lo_file_name, LO_NAME_SIZE, "%s", d->path);
	for (tries = 0; ctl >= 0 && fd >= 0 && rc && tries < 64; tries++) {
		n = ioctl(ctl, LOOP_CTL_GET_FREE);
		if (n < 0)
			break;
		snprintf(out, size, "/dev/loop%d", n);
		loop = open(out, (d->readwrite ? O_RDWR : O_RDONLY) | O_CLOEXEC);
		if (loop < 0)
			break;
		rc = ioctl(loop, LOOP_CONFIGURE, &lc);
		n = errno;
		close(loop);
		errno = n;
		/* Someone else took it in between: take the next one. */
		if (rc && errno != EBUSY)
			break;
	}
	if (rc) {
		error_errno(e, ERR_FAIL, "disk %s: no loop device for %s", d->vdev, d->path);
		if (ctl < 0)
			error_advice(e, "modprobe loop");
	}
	if (fd >= 0)
		close(fd);
	if (ctl >= 0)
		close(ctl);
	return rc;
}

static void loop_release(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Still open somewhere: the kernel releases it at the last close. */
	if (ioctl(fd, LOOP_CLR_FD) && errno != ENXIO)
		log_line(LOG_WARN, "warning: %s stays in use: %s", path, strerror(errno));
	close(fd);
}

static int run_script(const char *script, const struct device *d, char *action, struct error *e)
{
	char *path = hotplug_path(script), *label = xprintf("%s for vbd %u", script, d->devid);
	char *bus = xprintf("XENBUS_PATH=backend/vbd/%u/%u", d->domid, d->devid);
	char *argv[] = { path, action, NULL };
	char *env[] = { "XENBUS_TYPE=vbd", "XENBUS_BASE_PATH=backend", bus,
		xprintf("script=%s", path), NULL };
	int rc = hotplug_run(label, argv, env, e);

	free(env[3]);
	free(bus);
	free(label);
	free(path);
	return rc;
}

/* A number of sysfs; a partition has those of its disk's queue one directory further up. */
static unsigned long limit(const char *dir, const char *name)
{
	char *path = xprintf("%s/%s", dir, name), *text = file_read(path, 64, NULL);
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;

	free(text);
	free(path);
	return n;
}

/*
 * blkback discards by punching holes (fallocate), which Linux does on a block device by writing
 * zeroes: only where the device itself can do both is it as cheap as a discard.
 */
bool disk_discard_limits(const char *dir, unsigned long *granularity, unsigned long *alignment)
{
	char *queue = xprintf("%s/queue", dir), *above = xprintf("%s/../queue", dir);
	const char *q = access(queue, X_OK) ? above : queue;
	bool can = limit(q, "discard_max_bytes") && limit(q, "write_zeroes_max_bytes");

	*granularity = limit(q, "discard_granularity");
	*alignment = limit(dir, "discard_alignment");
	free(above);
	free(queue);
	return can && *granularity;
}

/* For blkback, which cannot see sysfs. */
static void describe_discard(const struct disk_config *d, struct nodes *back)
{
	unsigned long granularity, alignment;
	struct stat st;
	char dir[64];

	if (stat(d->path, &st) || !S_ISBLK(st.st_mode))
		return;
	snprintf(dir, sizeof(dir), "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	if (!disk_discard_limits(dir, &granularity, &alignment))
		return;
	nodes_add(back, "discard-granularity", "%lu", granularity);
	nodes_add(back, "discard-alignment", "%lu", alignment);
}

static void describe(
	const struct disk_config *d, uint32_t domid, struct nodes *front, struct nodes *back)
{
	char file[64];

	nodes_add(front, "backend-id", "0");
	nodes_add(front, "state", "1");
	nodes_add(front, "virtual-device", "%u", d->number);
	nodes_add(front, "device-type", "%s", d->cdrom ? "cdrom" : "disk");
	nodes_add(front, "trusted", "1");
	nodes_add(front, "protocol", "x86_64-abi");
	if (diskimage_is(d)) {
		diskimage_file(domid, d->number, file, sizeof(file));
		nodes_add(back, "image", "%s", d->path);
		nodes_add(back, "image-server", "%s", diskimage_server(d));
	}
	nodes_add(back, "params", "%s", diskimage_is(d) ? file : d->path);
	nodes_add(back, "script", "%s",
		d->script && d->script[0] == '/' ? d->script : "/etc/xen/scripts/block");
	nodes_add(back, "frontend-id", "%u", domid);
	nodes_add(back, "online", "1");
	nodes_add(back, "removable", "%d", d->removable);
	nodes_add(back, "bootable", "1");
	nodes_add(back, "state", "1");
	nodes_add(back, "dev", "%s", d->vdev);
	nodes_add(back, "type", "phy");
	nodes_add(back, "mode", "%s", d->readwrite ? "w" : "r");
	nodes_add(back, "device-type", "%s", d->cdrom ? "cdrom" : "disk");
	nodes_add(back, "discard-enable", "%d", d->discard && d->readwrite);
	nodes_add(back, "specification", "xen");
	if (d->direct_io_safe)
		nodes_add(back, "direct-io-safe", "1");
}

/* The device the back end is to open: the block device itself, or a loop device over the file. */
static int source_device(
	struct store *s, const struct disk_config *d, const struct device *dev, struct error *e)
{
	char loop[32], *node = d->path;
	struct stat st;
	int rc;

	if (stat(d->path, &st))
		return error_errno(e, ERR_NOFILE, "disk %s: %s", d->vdev, d->path);
	if (S_ISREG(st.st_mode)) {
		if (loop_setup(d, loop, sizeof(loop), e))
			return -1;
		node = loop;
		if (stat(loop, &st)) {
			loop_release(loop);
			return error_errno(e, ERR_FAIL, "disk %s: %s", d->vdev, loop);
		}
		store_put(s, dev->record, "loop", "%s", loop);
	}
	do {
		store_begin(s);
		store_put(s, dev->back, "node", "%s", node);
		store_put(s, dev->back, "physical-device", "%x:%x", major(st.st_rdev),
			minor(st.st_rdev));
		store_put(s, dev->back, "physical-device-path", "%s", node);
		store_put(s, dev->back, "hotplug-status", "connected");
		rc = store_commit(s);
	} while (rc == 1);
	return rc ? error_errno(e, ERR_FAIL, "disk %s: cannot write to xenstore", d->vdev) : 0;
}

/* Scripts and empty drives are the kernel's. */
static bool is_user(const struct disk_config *d)
{
	if (d->script || !d->path[0])
		return false;
	if (diskimage_is(d))
		return true;
	if (d->backend == BACKEND_DEFAULT)
		return hostconf_backend("disk") == BACKEND_USER;
	return d->backend == BACKEND_USER;
}

int disk_attach(struct store *s, uint32_t domid, const struct disk_config *d, struct error *e)
{
	bool user = is_user(d);
	struct device dev = device_served(domid, "vbd", user ? "uvbd" : "vbd", d->number);
	struct nodes front = { 0 }, back = { 0 };
	char *what = xprintf("disk %s", d->vdev), *why;
	int rc;

	describe(d, domid, &front, &back);
	if (user)
		describe_discard(d, &back);
	rc = user && diskimage_is(d) ? diskimage_start(&dev, d, e) : 0;
	if (!rc)
		rc = device_create(s, &dev, &front, &back, e);
	nodes_free(&front);
	nodes_free(&back);
	if (!rc)
		rc = device_wait_ready(s, &dev, what, user ? NULL : "xen-blkback", e);
	if (!rc && d->script) {
		store_put(s, dev.record, "hotplug", "%s", d->script);
		rc = run_script(d->script, &dev, "add", e);
		why = store_read(s, "%s/hotplug-error", dev.back);
		if (!rc && why)
			rc = error_set(
				e, ERR_HOTPLUG, "%s: hotplug script %s: %s", what, d->script, why);
		free(why);
	} else if (!rc && !user && d->path[0]) {
		rc = source_device(s, d, &dev, e);
	}
	free(what);
	return rc;
}

void disk_detach(struct store *s, uint32_t domid, uint32_t devid)
{
	struct device dev = device_find(s, domid, "vbd", devid);
	char *loop = store_read(s, "%s/loop", dev.record),
	     *script = store_read(s, "%s/hotplug", dev.record);
	struct error e = { 0 };

	if (!device_close(s, &dev))
		log_line(LOG_WARN, "warning: the back end of disk %u of domain %u did not close",
			devid, domid);
	if (script && run_script(script, &dev, "remove", &e))
		log_line(LOG_WARN, "warning: %s", e.what);
	if (loop)
		loop_release(loop);
	device_forget(s, &dev);
	diskimage_stop(domid, devid);
	free(loop);
	free(script);
}

int disk_open(struct store *s, const char *back, uint32_t domid, uint32_t devid, int *fds,
	unsigned int max, struct error *e)
{
	char *path = store_read(s, "%s/params", back), *mode = store_read(s, "%s/mode", back);
	char *server = store_read(s, "%s/image-server", back);
	bool qemu = server && !strcmp(server, DISKIMAGE_QEMU);
	int flags = (mode && *mode == 'w' ? O_RDWR : O_RDONLY) | O_CLOEXEC, rc = 1;
	struct stat st;

	fds[0] = -1;
	if (path && *path == '/') {
		/*
		 * Past the page cache, so that what the guest has flushed is on the disk. A file by
		 * FUSE is that anyhow, and Linux writes to it one request at a time only without
		 * O_DIRECT; QEMU 7.2 mixes up the data of writes that are under way together.
		 */
		fds[0] = open(path, qemu ? flags : flags | O_DIRECT);
		if (fds[0] < 0 && errno == EINVAL)
			fds[0] = open(path, flags);
	}
	if (fds[0] < 0)
		rc = error_errno(e, ERR_NOFILE, "%s", path ? path : "no target");
	else if (fstat(fds[0], &st) || (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode)))
		rc = error_set(e, ERR_CONFIG, "%s is neither a file nor a block device", path);
	if (rc < 0 && fds[0] >= 0)
		close(fds[0]);
	free(server);
	free(mode);
	free(path);
	return rc;
}
