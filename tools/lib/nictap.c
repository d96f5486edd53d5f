/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap that stands for an interface served by netback: it is named vif<domid>.<devid> (or as
 * the hotplug script renamed it), lives on when netback is killed, so that its place in bridges,
 * its address and its rules stay, and goes with the interface. Its alias says whose it is, under
 * whatever name. Each open of it is one queue.
 * Interface: <linux/if_tun.h>.
 */
#include "tools/lib/nictap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <net/if_arp.h>

#include "tools/lib/paths.h"
#include "tools/lib/text.h"

#define TUN_PATH  "/dev/net/tun"
#define TUN_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)
/* As the kernel's back end: the largest address, which no bridge takes as its own. */
#define TAP_MAC "\xfe\xff\xff\xff\xff\xff"

extern char **environ;

static bool exists(const char *name)
{
	return if_nametoindex(name);
}

static int open_tun(struct error *e)
{
	char *argv[] = { "modprobe", "-q", "tun", NULL };
	int fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	pid_t pid;

	if (fd < 0 && (errno == ENOENT || errno == ENODEV) &&
		!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ)) {
		waitpid(pid, NULL, 0);
		fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0)
		error_errno(e, ERR_NOFILE, TUN_PATH);
	return fd;
}

static int open_queue(const char *name, struct error *e)
{
	struct ifreq r = { .ifr_flags = TUN_FLAGS };
	int fd = open_tun(e);

	if (fd < 0)
		return -1;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (!ioctl(fd, TUNSETIFF, &r))
		return fd;
	error_errno(e, ERR_FAIL, "tap %s", name);
	close(fd);
	return -1;
}

static int set_alias(const char *name, const char *alias)
{
	char *path = xprintf("%s/class/net/%s/ifalias", path_sysfs, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, alias, strlen(alias));

	free(path);
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* Of a new tap: whose it is, its address, and, when it has both, that it stays. */
static int set_up(int fd, const char *name, const char *mark, struct error *e)
{
	struct ifreq r = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	memcpy(r.ifr_hwaddr.sa_data, TAP_MAC, 6);
	if (set_alias(name, mark) || ioctl(fd, SIOCSIFHWADDR, &r) || ioctl(fd, TUNSETPERSIST, 1))
		return error_errno(e, ERR_FAIL, "tap %s", name);
	return 0;
}

int nictap_open(const char *name, const char *mark, int *fds, unsigned int count, struct error *e)
{
	bool there = exists(name);
	unsigned int i;

	for (i = 0; i < count; i++) {
		fds[i] = open_queue(name, e);
		if (fds[i] < 0 || (!there && !i && set_up(fds[i], name, mark, e)))
			break;
	}
	if (i == count)
		return count;
	for (count = i + 1, i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return -1;
}

void nictap_remove(const char *name)
{
	struct error e = { 0 };
	int fd = exists(name) ? open_queue(name, &e) : -1;

	if (fd < 0)
		return;
	ioctl(fd, TUNSETPERSIST, 0);
	close(fd);
}
