/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Background start: see daemon.h. Standard error is kept as it is: it is the log.
 */
#include "tools/lib/daemon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static int ready_fd = -1;

void daemon_start(bool foreground)
{
	int fds[2], null;
	char byte;
	pid_t pid;

	if (foreground || getenv("NOTIFY_SOCKET") || pipe2(fds, O_CLOEXEC))
		return;
	pid = fork();
	if (pid < 0)
		return;
	if (pid) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	ready_fd = fds[1];
	setsid();
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
}

void daemon_ready(void)
{
	sd_notify(0, "READY=1");
	if (ready_fd < 0)
		return;
	/* Whether anyone still waits is not our concern. */
	(void)!write(ready_fd, "r", 1);
	close(ready_fd);
	ready_fd = -1;
}
