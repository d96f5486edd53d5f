/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients in dom0, over Unix sockets; see socket.h. */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "loop.h"
#include "record.h"
#include "report.h"
#include "store.h"

/* Clients that one round lets in. */
#define ACCEPT_TURN 16

struct listener {
	struct source src;
	struct listener *next;
	struct store *store;
	bool read_only;
};

static struct listener *listeners;

/* What all reads go through; what is left of it by an unfinished request moves to its conn. */
static char shared[4 * MESSAGE_MAX];

int socket_listen(const char *path, unsigned int mode)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || chmod(path, mode) || listen(fd, 4096)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void socket_accept(struct source *src, uint32_t events)
{
	struct listener *l = src->owner;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		int fd = accept4(src->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		if (!socket_client(l->store, fd, l->read_only))
			report("a client was turned away: no memory");
	}
}

int socket_serve(struct store *s, int fd, bool read_only)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return ENOMEM;
	l->src = (struct source){ .fd = fd, .happened = socket_accept, .owner = l };
	l->store = s;
	l->read_only = read_only;
	l->next = listeners;
	listeners = l;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return loop_set(s->loop, &l->src, EPOLLIN);
}

void socket_write_listeners(struct journal *j)
{
	for (const struct listener *l = listeners; l; l = l->next) {
		put_start(j, RECORD_LISTEN);
		put_u32(j, (uint32_t)l->src.fd);
		put_u32(j, l->read_only);
		put_end(j);
	}
}

void socket_keep_all(struct store *s, bool keep)
{
	int flag = keep ? 0 : FD_CLOEXEC;

	for (const struct listener *l = listeners; l; l = l->next)
		fcntl(l->src.fd, F_SETFD, flag);
	list_for_each (at, &s->conns) {
		const struct conn *c = list_entry(at, struct conn, all);

		if (!c->is_ring)
			fcntl(c->fd, F_SETFD, flag);
	}
}

static ssize_t socket_send(struct conn *c, const void *buf, size_t len)
{
	ssize_t n = send(c->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

static void socket_close(struct conn *c)
{
	loop_set(c->store->loop, c->src, 0);
	free(c->src);
	close(c->fd);
}

static const struct conn_ops socket_ops = { .send = socket_send, .close = socket_close };

/* Keep what is not used up. */
static void keep_rest(struct conn *c, const char *rest, uint32_t len)
{
	char *room = len ? buffer_room(&c->in, len) : NULL;

	if (!len)
		return;
	if (!room) {
		c->broken = true;
		return;
	}
	memcpy(room, rest, len);
	buffer_add(&c->in, len);
}

static bool whole_message_waits(const struct conn *c)
{
	struct xsd_sockmsg h;

	if (c->in.len < sizeof(h))
		return false;
	memcpy(&h, c->in.data + c->in.head, sizeof(h));
	return h.len > XENSTORE_PAYLOAD_MAX || c->in.len >= sizeof(h) + h.len;
}

static void serve_kept(struct conn *c, uint32_t *turn)
{
	uint32_t used = (uint32_t)conn_input(c, c->in.data + c->in.head, c->in.len, turn);

	if (used)
		buffer_take(&c->in, used);
}

static ssize_t socket_recv(struct conn *c, void *buf, size_t len)
{
	ssize_t n = recv(c->fd, buf, len, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		c->broken = true;
		conn_make_ready(c);
	}
	return n;
}

static void socket_read(struct conn *c, uint32_t *turn)
{
	ssize_t n;

	if (c->in.len) {
		char *room = c->in.len < MESSAGE_MAX ? buffer_room(&c->in, MESSAGE_MAX) : NULL;

		n = room ? socket_recv(c, room, MESSAGE_MAX) : 0;
		if (n > 0)
			buffer_add(&c->in, (uint32_t)n);
		serve_kept(c, turn);
		return;
	}
	n = socket_recv(c, shared, sizeof(shared));
	if (n > 0) {
		size_t used = conn_input(c, shared, (size_t)n, turn);

		keep_rest(c, shared + used, (uint32_t)((size_t)n - used));
	}
}

static void socket_happened(struct source *src, uint32_t events)
{
	struct conn *c = src->owner;
	uint32_t turn = CONN_TURN;

	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN))
		c->broken = true;
	if (events & EPOLLIN && !c->broken && conn_may_read(c))
		socket_read(c, &turn);
	conn_make_ready(c);
}

void socket_watch(struct conn *c)
{
	uint32_t events = (conn_may_read(c) && c->in.len < MESSAGE_MAX ? EPOLLIN : 0) |
			  (c->out.len ? EPOLLOUT : 0);

	if (loop_set(c->store->loop, c->src, events ? events : EPOLLRDHUP))
		c->broken = true;
}

void socket_turn(struct conn *c)
{
	uint32_t turn = CONN_TURN;

	if (whole_message_waits(c) && conn_may_read(c))
		serve_kept(c, &turn);
	conn_flush(c);
	if (!c->broken)
		socket_watch(c);
	if (c->broken)
		conn_close(c);
	else if (whole_message_waits(c) && conn_may_read(c))
		conn_make_ready(c);
}

struct conn *socket_client(struct store *s, int fd, bool read_only)
{
	struct source *src = calloc(1, sizeof(*src));
	struct conn *c = src ? conn_new(s, &socket_ops, s->dom0) : NULL;

	if (!c) {
		free(src);
		close(fd);
		return NULL;
	}
	*src = (struct source){ .fd = fd, .happened = socket_happened, .owner = c };
	c->fd = fd;
	c->src = src;
	c->read_only = read_only;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (loop_set(s->loop, src, EPOLLIN)) {
		conn_close(c);
		return NULL;
	}
	return c;
}
