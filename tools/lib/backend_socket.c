/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back end's socket, /run/xen/backend/PROGRAM-DOMID.sock (root's alone), and its broker: see
 * backend_source.h for what vaned is asked. Messages are whole packets of text:
 *
 *	broker			from now on this connection answers what we ask (vaned, started
 *again) statistics		-> for each device "device DEVID", then its lines device DEVID
 *WORDS...	-> the answer of the kind
 *	restart			-> "ok", and the process ends as it stands
 *
 * A lock file beside it says that there is one process at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/lib/backend_private.h"
#include "tools/lib/backend_source.h"

#define MESSAGE 4096

static sd_event_source *broker;

static void ask(struct backend_private *p)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "open %u", p->dev.devid);

	if (send(sd_event_source_get_io_fd(broker), line, n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		backend_log(&p->dev, LOG_WARN, "cannot ask vaned: %s", strerror(errno));
}

void backend_ask(struct backend_private *p)
{
	if (p->asked)
		return;
	p->asked = true;
	if (broker)
		ask(p);
}

/* Taken over by the loop: its descriptor is closed with it. */
static int serve(int fd, sd_event_io_handler_t handler, sd_event_source **src)
{
	if (sd_event_add_io(backend_loop(), src, fd, EPOLLIN, handler, NULL) < 0) {
		close(fd);
		return -1;
	}
	sd_event_source_set_io_fd_own(*src, true);
	return 0;
}

/* One message and its descriptors; the message's length, 0 or less at the end of the connection. */
static ssize_t receive(int fd, char *line, size_t size, int *fds, unsigned int *nfds)
{
	union {
		char space[CMSG_SPACE(BACKEND_SOURCE_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = line, .iov_len = size - 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	/* Nothing after all: an empty line, which nobody sends. */
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	*nfds = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 + (*line = 0) : n;
	line[n] = 0;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		*nfds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *nfds * sizeof(int));
	}
	return n;
}

static int broker_ready(sd_event_source *src, int fd, uint32_t mask, void *arg)
{
	char line[MESSAGE];
	int fds[BACKEND_SOURCE_FDS], at = 0;
	unsigned int nfds, devid = 0, i;

	if (receive(fd, line, sizeof(line), fds, &nfds) <= 0) {
		/* vaned has ended; the next one comes to our socket. */
		broker = sd_event_source_disable_unref(src);
		return 0;
	}
	if (sscanf(line, "fds %u", &devid) == 1) {
		backend_opened(devid, fds, nfds);
		return 0;
	}
	for (i = 0; i < nfds; i++)
		close(fds[i]);
	if (sscanf(line, "no %u %n", &devid, &at) == 1 && at)
		backend_not_opened(devid, line + at);
	return 0;
}

/* A connection becomes the broker's: ask what could not be asked before. */
static void take_broker(int fd)
{
	struct backend_private *p;

	sd_event_source_disable_unref(broker);
	broker = NULL;
	if (serve(fd, broker_ready, &broker))
		return;
	for (p = backend_process.devices; p; p = p->next)
		if (p->asked && !p->probed)
			ask(p);
}

static void answer_device(const char *line, struct text *t)
{
	struct backend_private *p;
	unsigned int devid = 0;
	int at = 0;

	if (sscanf(line, "device %u %n", &devid, &at) != 1 || !at || !(p = backend_find(devid)))
		text_add(t, "no such device\n");
	else if (!p->probed || !backend_process.ops->command)
		text_add(t, "the device takes no commands\n");
	else if (!backend_process.ops->command(&p->dev, line + at, t) && !t->len)
		text_add(t, "ok\n");
}

static void answer(const char *line, struct text *t)
{
	struct backend_private *p;

	if (!strcmp(line, "restart")) {
		text_add(t, "ok\n");
		sd_event_exit(backend_loop(), 0);
	} else if (strcmp(line, "statistics")) {
		answer_device(line, t);
	} else {
		for (p = backend_process.devices; p; p = p->next) {
			text_add(t, "device %u\nstate %d\n", p->dev.devid, p->dev.state);
			if (p->probed)
				backend_process.ops->statistics(&p->dev, t);
		}
	}
}

static int client_ready(sd_event_source *src, int fd, uint32_t mask, void *arg)
{
	char line[MESSAGE];
	int fds[BACKEND_SOURCE_FDS];
	struct text t = { 0 };
	unsigned int nfds;
	ssize_t n = receive(fd, line, sizeof(line), fds, &nfds);

	while (nfds)
		close(fds[--nfds]);
	if (n > 0 && !strcmp(line, "broker")) {
		sd_event_source_set_io_fd_own(src, false);
		sd_event_source_disable_unref(src);
		take_broker(fd);
		return 0;
	}
	if (n > 0 && *line) {
		answer(line, &t);
		n = send(fd, t.s ? t.s : "", t.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		text_free(&t);
	}
	if (n <= 0)
		sd_event_source_disable_unref(src);
	return 0;
}

static int connection(sd_event_source *src, int fd, uint32_t mask, void *arg)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_event_source *s;

	if (client >= 0)
		serve(client, client_ready, &s);
	return 0;
}

int backend_socket_open(int broker_fd, struct error *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char lock_path[sizeof(a.sun_path)];
	sd_event_source *listener;
	int fd, lock;

	mkdir("/run/xen", 0755);
	mkdir(BACKEND_DIR, 0700);
	backend_socket_path(backend_process.ops->program, backend_process.domid, a.sun_path,
		sizeof(a.sun_path));
	snprintf(lock_path, sizeof(lock_path), BACKEND_DIR "/%s-%u.lock",
		backend_process.ops->program, backend_process.domid);
	lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
		return error_set(e, ERR_BUSY, "%s for domain %u is running already",
			backend_process.ops->program, backend_process.domid);
	unlink(a.sun_path);
	umask(0077);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 16) ||
		serve(fd, connection, &listener))
		return error_errno(e, ERR_FAIL, "%s", a.sun_path);
	if (broker_fd >= 0)
		take_broker(broker_fd);
	return 0;
}
