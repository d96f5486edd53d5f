/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: answers every request at once with a reply of the size that a store would give, and a
 * WRITE below
 * ".../watched" with an event too once somebody watches. It keeps nothing. What a store costs above
 * this is its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

struct client {
	int fd, watching;
	char in[8192];
	size_t len;
};

static char hundred[400];

static size_t message(
	char *out, const struct xsd_sockmsg *req, uint32_t type, const void *body, uint32_t len)
{
	struct xsd_sockmsg h = *req;

	h.type = type;
	h.len = len;
	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), body, len);
	return sizeof(h) + len;
}

static size_t event(char *out, const char *path)
{
	struct xsd_sockmsg h = { 0 };
	char body[256];
	size_t len = strlen(path) + 1;

	memcpy(body, path, len);
	memcpy(body + len, "token", 6);
	return message(out, &h, XS_WATCH_EVENT, body, (uint32_t)len + 6);
}

static size_t answer(struct client *c, const struct xsd_sockmsg *h, const char *body, char *out)
{
	switch (h->type) {
	case XS_READ: return message(out, h, XS_READ, "0123456789", 10);
	case XS_DIRECTORY: return message(out, h, XS_DIRECTORY, hundred, sizeof(hundred));
	case XS_GET_PERMS: return message(out, h, XS_GET_PERMS, "n0", 3);
	case XS_TRANSACTION_START: return message(out, h, h->type, "1", 2);
	case XS_WATCH: {
		size_t n = message(out, h, h->type, "OK", 3);

		c->watching = 1;
		return n + event(out + n, body);
	}
	case XS_WRITE:
		if (c->watching && strstr(body, "watched")) {
			size_t n = event(out, body);

			return n + message(out + n, h, h->type, "OK", 3);
		}
	}
	return message(out, h, h->type, "OK", 3);
}

static void serve(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->len, sizeof(c->in) - c->len, 0);
	struct xsd_sockmsg h;
	char out[1024];
	size_t len;

	if (n <= 0) {
		close(c->fd);
		free(c);
		return;
	}
	c->len += (size_t)n;
	memcpy(&h, c->in, sizeof(h));
	if (c->len < sizeof(h) || c->len < sizeof(h) + h.len)
		return;
	c->in[c->len] = 0;
	len = answer(c, &h, c->in + sizeof(h), out);
	c->len = 0;
	if (send(c->fd, out, len, 0) < 0)
		perror("send");
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", getenv("XENSTORED_RUNDIR"));
	for (int i = 0; i < 100; i++)
		snprintf(hundred + i * 4, 4, "n%02d", i);
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 128) ||
		epoll_ctl(ep, EPOLL_CTL_ADD, s, &e))
		return 1;
	for (;;) {
		struct epoll_event got[16];
		int n = epoll_wait(ep, got, 16, -1);

		for (int i = 0; i < n; i++) {
			if (got[i].data.ptr) {
				serve(got[i].data.ptr);
				continue;
			}
			struct client *c = calloc(1, sizeof(*c));

			c->fd = accept(s, NULL, NULL);
			e.data.ptr = c;
			epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
		}
	}
}
