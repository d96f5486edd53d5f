/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk images by qemu-storage-daemon: see diskimage.h.
 */
#include "tools/lib/diskimage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/hotplug.h"
#include "tools/lib/log.h"

#define DIR_PATH "/run/xen/images"
#define DAEMON	 "qemu-storage-daemon"
#define STOP_MS	 20000
#define POLL_MS	 20

void diskimage_file(uint32_t domid, uint32_t devid, char *path, size_t size)
{
	snprintf(path, size, DIR_PATH "/disk-%u-%u", domid, devid);
}

static char *pid_path(uint32_t domid, uint32_t devid)
{
	return xprintf(DIR_PATH "/disk-%u-%u.pid", domid, devid);
}

/* The daemon's process, 0 if it does not run. */
static pid_t daemon_pid(uint32_t domid, uint32_t devid)
{
	char *path = pid_path(domid, devid), *text = file_read(path, 64, NULL), *words;
	pid_t pid = text ? strtol(text, NULL, 10) : 0;
	size_t len = 0;

	free(path);
	free(text);
	if (pid <= 0)
		return 0;
	/* A process that has got the number since is not ours. */
	path = xprintf("/proc/%d/cmdline", pid);
	words = file_read(path, 4096, &len);
	if (!words || !memmem(words, len, DAEMON, strlen(DAEMON)))
		pid = 0;
	free(words);
	free(path);
	return pid;
}

int diskimage_start(const struct device *dev, const struct disk_config *d, struct error *e)
{
	char file[64], *protocol, *format, *pid, *export, *label;
	int rc, fd;

	if (diskimage_blockdevs(d, &protocol, &format, e))
		return -1;
	diskimage_stop(dev->domid, dev->devid);
	diskimage_file(dev->domid, dev->devid, file, sizeof(file));
	mkdir("/run/xen", 0755);
	mkdir(DIR_PATH, 0700);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
	pid = pid_path(dev->domid, dev->devid);
	label = xprintf(DAEMON " for disk %s", d->vdev);
	export = xprintf("type=fuse,id=fuse,node-name=disk,mountpoint=%s,writable=%s,growable=off,"
			 "allow-other=on",
		file, d->readwrite ? "on" : "off");
	char *argv[] = { "/usr/bin/env", DAEMON, "--daemonize", "--pidfile", pid, "--blockdev",
		protocol, "--blockdev", format, "--export", export, NULL };
	char *env[] = { NULL };

	rc = hotplug_run(label, argv, env, e);
	if (rc) {
		error_advice(e, "apt-get install qemu-system-common; modprobe fuse");
		diskimage_stop(dev->domid, dev->devid);
	}
	free(export);
	free(label);
	free(pid);
	free(protocol);
	free(format);
	return rc;
}

void diskimage_stop(uint32_t domid, uint32_t devid)
{
	struct timespec pause = { 0, POLL_MS * 1000000 };
	char file[64], *pid_file = pid_path(domid, devid);
	pid_t pid = daemon_pid(domid, devid);
	int i;

	diskimage_file(domid, devid, file, sizeof(file));
	if (pid) {
		kill(pid, SIGTERM);
		for (i = 0; i < STOP_MS / POLL_MS && !kill(pid, 0); i++)
			nanosleep(&pause, NULL);
		if (i == STOP_MS / POLL_MS)
			log_line(LOG_WARN,
				"warning: " DAEMON " (process %d) of disk %u of domain %u does not "
				"end",
				pid, devid, domid);
	}
	/* Of one that was killed. */
	umount2(file, MNT_DETACH);
	unlink(file);
	unlink(pid_file);
	free(pid_file);
}
