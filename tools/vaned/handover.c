/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of vaned's socket: see handover.h.
 */
#include "tools/vaned/handover.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/lib/paths.h"

int handover(uint32_t domid, struct error *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = -1, n;
	char line[64];

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path_vaned);
	if (fd < 0)
		return error_errno(e, ERR_DAEMON, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		error_errno(e, ERR_DAEMON, "%s", path_vaned);
	} else {
		n = snprintf(line, sizeof(line), "watch %u\n", domid);
		if (send(fd, line, n, MSG_NOSIGNAL) == n && recv(fd, line, sizeof(line), 0) >= 3 &&
			!memcmp(line, "ok\n", 3))
			rc = 0;
		else
			error_set(e, ERR_DAEMON, "no answer on %s", path_vaned);
	}
	close(fd);
	return rc;
}
