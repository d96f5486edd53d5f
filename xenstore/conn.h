/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client: its input (a possibly incomplete request), its output (replies and events in order),
 * its watches and its transactions. Behind it is a socket (socket.c) or a domain's ring (ring.c);
 * both feed conn_input() and are drained by conn_flush(). Nothing is sent before the log has what
 * caused it: the loop flushes after the request's record is complete. A client that does not read
 * its output is not listened to; events that do not fit are told by one event for the watched path
 * itself once there is room.
 */
#ifndef XENSTORE_CONN_H
#define XENSTORE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

#include "list.h"

struct conn;
struct domain;
struct request;
struct store;
struct transaction;
struct watch;

#define MESSAGE_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
/* Requests that one client gets served before the others have their turn. */
#define CONN_TURN 16
/* A domain gets fewer, so that all of them together do not hold up dom0. */
#define GUEST_TURN 2

struct conn_ops {
	/* Send what is possible; bytes taken, 0 when there is no room now, -1 when the client is
	 * gone. */
	ssize_t (*send)(struct conn *c, const void *buf, size_t len);
	/* Let go of the other side; the conn is freed by the caller. */
	void (*close)(struct conn *c);
};

struct buffer {
	char *data;
	uint32_t head, len, cap; /* data[head .. head + len) is used */
};

struct conn {
	struct list all;   /* in store->conns */
	struct list ready; /* in store->ready: input or output waits for a turn */
	const struct conn_ops *ops;
	struct store *store;
	struct domain *dom; /* own reference: as whom it acts */
	uint64_t id;	    /* of the log; never used again */
	bool read_only;
	bool is_ring;
	bool broken;	  /* to be closed at the end of the turn */
	bool want_write;  /* a socket waits for room */
	bool held;	  /* its next change waits for somebody's transaction */
	bool lost_events; /* memory ran out for some: make_up_events() */
	struct buffer in, out;
	uint64_t out_end;     /* bytes ever queued for output */
	uint32_t replies;     /* queued in out and not wholly sent */
	uint64_t replies_end; /* out_end after the last reply */
	struct list watches, transactions;
	uint32_t n_transactions, next_tx;
	uint32_t tries;	    /* transactions in a row that ended with EAGAIN */
	int fd;		    /* socket */
	struct source *src; /* socket: own allocation */
	struct ring *ring;  /* ring: see ring.h */
	/* and no longer than this, by clock_ms(); 0: it does not wait */
	uint64_t hold_until;
	uint64_t ops_served;
};

struct conn *conn_new(struct store *s, const struct conn_ops *ops, struct domain *dom);
/* Close, forget its watches and transactions, free. */
void conn_close(struct conn *c);

/*
 * Serve the requests in `data`. Returns the bytes used: whole messages only. A message that can
 * never be right marks the conn as broken. `turn` bounds how many are served.
 */
size_t conn_input(struct conn *c, char *data, size_t len, uint32_t *turn);
/* May the next request be taken? Not while too many replies are unread. */
bool conn_may_read(const struct conn *c);
/* Send what can be sent. */
void conn_flush(struct conn *c);
/* Give it a turn when the loop comes round. */
void conn_make_ready(struct conn *c);

void conn_reply(
	struct conn *c, const struct xsd_sockmsg *req, uint32_t type, const void *body, size_t len);
void conn_reply_error(struct conn *c, const struct xsd_sockmsg *req, int err);
void conn_event(struct conn *c, struct watch *w, const char *path, uint32_t len);
/* There was no memory to find out who had to be told what: every watch gets its own path. */
void conn_all_lost_events(struct store *s);

/* Room for `len` bytes at the end; NULL: out of memory. buffer_add() says that they are there. */
char *buffer_room(struct buffer *b, uint32_t len);
static inline void buffer_add(struct buffer *b, uint32_t len)
{
	b->len += len;
}
void buffer_take(struct buffer *b, uint32_t len);
void buffer_free(struct buffer *b);

#endif
