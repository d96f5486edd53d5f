/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client behind a domain's ring. The page is hostile: indices are read once and checked; our
 * own positions are kept here and only ever written to the page. A domain that breaks the rules
 * gets the ring's error field and is not served until it asks for a reconnect.
 */
#ifndef XENSTORE_RING_H
#define XENSTORE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "domain_link.h"

struct conn;
struct domain;
struct store;

struct ring {
	struct link_ring link;
	uint32_t in_pos, out_pos; /* req_cons and rsp_prod, as we know them */
	bool notify;		  /* the domain is to be told at the end of the turn */
	bool stopped;		  /* it broke the rules */
};

/* Connect the ring of `d`, which has none. 0 or an errno. */
int ring_open(struct store *s, struct domain *d);
/* Serve what the domain asks and send what is owed. */
void ring_turn(struct conn *c);
/* The ring with that port has an event. */
void ring_event(struct store *s, int port);
/* A ring as the log knows it, not connected yet. 0 or ENOMEM. */
int ring_restore(struct store *s, struct domain *d, uint64_t id, uint32_t in_pos, uint32_t out_pos);
/* Map it again. 0 or an errno. */
int ring_connect(struct conn *c);
/* Positions and buffers as in a new ring. */
void ring_forget(struct conn *c);
/* Start anew: no watches, no transactions, empty ring. */
void ring_reset(struct conn *c);
/* Make the page say what we know: after recovery. False: the page is nonsense and the ring is
 * stopped. */
bool ring_recover(struct conn *c);

#endif
