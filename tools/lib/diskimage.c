/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk images by qemu-storage-daemon, NBD by blkback-nbd: see diskimage.h.
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

/* The process that serves it, 0 if there is none. */
static pid_t server_pid(uint32_t domid, uint32_t devid)
{
	char *path = pid_path(domid, devid), *text = file_read(path, 64, NULL);
	pid_t pid = text ? strtol(text, NULL, 10) : 0;
	char *proc = xprintf("/proc/%d/cmdline", pid), *words;
	size_t len = 0;

	/* A process that has got the number since is not ours: its words do not name this file. */
	words = file_read(proc, 4096, &len);
	if (pid < 0 || !words || !memmem(words, len, path, strlen(path)))
		pid = 0;
	free(words);
	free(proc);
	free(text);
	free(path);
	return pid;
}

static int start_images(const struct disk_config *d, const char *label, char *pid, const char *file,
	struct error *e)
{
	char *protocol, *format, *export, *env[] = { NULL };
	int rc;

	if (diskimage_blockdevs(d, &protocol, &format, e))
		return -1;
	export = xprintf("type=fuse,id=fuse,node-name=disk,mountpoint=%s,writable=%s,growable=off,"
			 "allow-other=on",
		file, d->readwrite ? "on" : "off");
	char *argv[] = { "/usr/bin/env", DISKIMAGE_QEMU, "--daemonize", "--pidfile", pid,
		"--blockdev", protocol, "--blockdev", format, "--export", export, NULL };

	rc = hotplug_run(label, argv, env, e);
	if (rc)
		error_advice(e, "apt-get install qemu-system-common; modprobe fuse");
	free(export);
	free(protocol);
	free(format);
	return rc;
}

static int start_nbd(const struct device *dev, const struct disk_config *d, const char *label,
	char *pid, char *file, struct error *e)
{
	char *domid = xprintf("%u", dev->domid), *program = file_beside(DISKIMAGE_NBD);
	char *env[] = { NULL };
	char *argv[] = { program, domid, pid, file, d->path, d->readwrite ? NULL : "-r", NULL };
	int rc = hotplug_run(label, argv, env, e);

	free(program);
	free(domid);
	return rc;
}

int diskimage_start(const struct device *dev, const struct disk_config *d, struct error *e)
{
	const char *server = diskimage_server(d);
	char file[64], *pid, *label;
	int rc, fd;

	diskimage_stop(dev->domid, dev->devid);
	diskimage_file(dev->domid, dev->devid, file, sizeof(file));
	mkdir("/run/xen", 0755);
	mkdir(DIR_PATH, 0700);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
	pid = pid_path(dev->domid, dev->devid);
	label = xprintf("%s for disk %s", server, d->vdev);
	if (!strcmp(server, DISKIMAGE_NBD))
		rc = start_nbd(dev, d, label, pid, file, e);
	else
		rc = start_images(d, label, pid, file, e);
	if (rc)
		diskimage_stop(dev->domid, dev->devid);
	free(label);
	free(pid);
	return rc;
}

void diskimage_stop(uint32_t domid, uint32_t devid)
{
	struct timespec pause = { 0, POLL_MS * 1000000 };
	char file[64], *pid_file = pid_path(domid, devid);
	pid_t pid = server_pid(domid, devid);
	int i;

	diskimage_file(domid, devid, file, sizeof(file));
	if (pid) {
		kill(pid, SIGTERM);
		for (i = 0; i < STOP_MS / POLL_MS && !kill(pid, 0); i++)
			nanosleep(&pause, NULL);
		if (i == STOP_MS / POLL_MS)
			log_line(LOG_WARN,
				"warning: process %d, which serves disk %u of domain %u, does not "
				"end",
				pid, devid, domid);
	}
	/* Of one that was killed. */
	umount2(file, MNT_DETACH);
	unlink(file);
	unlink(pid_file);
	free(pid_file);
}
