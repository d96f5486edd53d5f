/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop; see loop.h. */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "conn.h"
#include "ring.h"
#include "socket.h"
#include "store.h"

int loop_init(struct loop *l, struct store *s)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->stop = l->update = false;
	l->store = s;
	l->idle = NULL;
	s->loop = l;
	return l->epoll < 0 ? errno : 0;
}

int loop_set(struct loop *l, struct source *src, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = src };
	int op = EPOLL_CTL_MOD;

	if (events == src->events)
		return 0;
	if (!src->events)
		op = EPOLL_CTL_ADD;
	else if (!events)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(l->epoll, op, src->fd, &e))
		return errno;
	src->events = events;
	return 0;
}

/* Everyone on the list has one turn; who comes back on it waits for the next round. */
static void give_turns(struct store *s)
{
	struct list now;

	if (list_empty(&s->ready))
		return;
	now = s->ready;
	now.next->prev = now.prev->next = &now;
	list_init(&s->ready);
	while (!list_empty(&now)) {
		struct conn *c = list_entry(now.next, struct conn, ready);

		list_remove(&c->ready);
		if (c->is_ring)
			ring_turn(c);
		else
			socket_turn(c);
	}
}

/* When all that is ready only waits for somebody's transaction, a millisecond is soon enough. */
static int ready_wait(struct store *s)
{
	if (!s->holding)
		return 0;
	s->holding = false;
	list_for_each (l, &s->ready)
		if (!list_entry(l, struct conn, ready)->held)
			return 0;
	return 1;
}

void loop_once(struct loop *l, int wait)
{
	struct epoll_event e[64];
	int n = epoll_wait(
		l->epoll, e, 64, list_empty(&l->store->ready) ? wait : ready_wait(l->store));

	for (int i = 0; i < n; i++) {
		struct source *src = e[i].data.ptr;

		src->happened(src, e[i].events);
	}
	give_turns(l->store);
	if (l->idle)
		l->idle(l);
}

void loop_run(struct loop *l)
{
	while (!l->stop)
		loop_once(l, -1);
}
