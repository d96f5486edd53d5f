/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's surroundings in tests that link its core; see xenstore_fake.h. */
#include <errno.h>

#include "xenstore_fake.h"

#include <stdlib.h>

#include "xenstore/journal.h"
#include "xenstore/socket.h"

struct link fake_link;

int link_map(
	struct link *l, unsigned int domid, uint64_t frame, uint32_t port, struct link_ring *ring)
{
	if (domid >= 8)
		return EINVAL;
	ring->page = &l->page[domid];
	ring->port = (int)domid;
	return 0;
}

void link_unmap(struct link *l, struct link_ring *ring)
{
}

void link_notify(struct link *l, const struct link_ring *ring)
{
}

enum link_state link_domain(struct link *l, unsigned int domid)
{
	if (domid >= 8 || l->absent & (1u << domid))
		return LINK_ABSENT;
	return l->shut & (1u << domid) ? LINK_SHUTDOWN : LINK_ALIVE;
}

long fail_in = -1;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);

static int runs_out(void)
{
	return fail_in >= 0 && fail_in-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return runs_out() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t m)
{
	return runs_out() ? NULL : __real_calloc(n, m);
}

void *__wrap_realloc(void *p, size_t n)
{
	return runs_out() ? NULL : __real_realloc(p, n);
}

/* Sockets: what a client sends the test puts into c->in. */
void socket_turn(struct conn *c)
{
	uint32_t turn = CONN_TURN, used = 0;

	if (c->in.len && conn_may_read(c))
		used = (uint32_t)conn_input(c, c->in.data + c->in.head, c->in.len, &turn);
	if (used)
		buffer_take(&c->in, used);
	conn_flush(c);
	if (c->broken)
		conn_close(c);
}

void socket_write_listeners(struct journal *j)
{
}

int socket_serve(struct store *s, int fd, bool read_only)
{
	return 0;
}

struct conn *socket_client(struct store *s, int fd, bool read_only)
{
	return NULL;
}

void socket_keep_all(struct store *s, bool keep)
{
}
