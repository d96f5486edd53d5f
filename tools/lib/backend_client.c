/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See backend_client.h. One connection a question.
 */
#include "tools/lib/backend_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/backend_source.h"

#define ANSWER	       65536
#define ANSWER_SECONDS 5
#define RESTART_MS     10000
#define POLL_MS	       20

static int connect_to(const char *program, uint32_t domid)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), saved;

	backend_socket_path(program, domid, a.sun_path, sizeof(a.sun_path));
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

pid_t backend_pid(const char *program, uint32_t domid)
{
	struct ucred who = { 0 };
	socklen_t len = sizeof(who);
	int fd = connect_to(program, domid);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		who.pid = 0;
	close(fd);
	return who.pid;
}

int backend_say(
	const char *program, uint32_t domid, const char *words, struct text *t, struct error *e)
{
	int fd = connect_to(program, domid), rc = -1;
	char *answer = xalloc(ANSWER);
	ssize_t n;

	if (fd < 0) {
		error_errno(e, ERR_DAEMON, "%s of domain %u", program, domid);
		error_advice(e, "start vaned, which starts the back ends, or look into its log");
	} else if (send(fd, words, strlen(words), MSG_NOSIGNAL) < 0 ||
		   (n = recv(fd, answer, ANSWER, 0)) < 0) {
		error_errno(e, ERR_DAEMON, "no answer of %s of domain %u", program, domid);
	} else {
		text_add_bytes(t, answer, n);
		rc = 0;
	}
	if (fd >= 0)
		close(fd);
	free(answer);
	return rc;
}

int backend_restart(const char *program, uint32_t domid, struct error *e)
{
	struct timespec pause = { 0, POLL_MS * 1000000 };
	pid_t before = backend_pid(program, domid), now;
	struct text t = { 0 };
	int i, rc = backend_say(program, domid, "restart", &t, e);

	text_free(&t);
	for (i = 0; !rc && i < RESTART_MS / POLL_MS; i++) {
		now = backend_pid(program, domid);
		if (now && now != before)
			return 0;
		nanosleep(&pause, NULL);
	}
	if (!rc) {
		rc = error_set(
			e, ERR_TIMEOUT, "%s of domain %u did not start again", program, domid);
		error_advice(e, "start vaned, which starts the back ends, or look into its log");
	}
	return rc;
}
