/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control ring: a front end sets by it how frames are spread over its queues (hash.h). As with
 * the other rings every word of a request is read once, and answers are published in order, so that
 * a successor begins behind the last answer and does again what was not answered: doing a request
 * twice is doing it once. A request that cannot be is answered with what is wrong; only impossible
 * indices break the interface. ABI: "Control ring" in <xen/io/netif.h>.
 */
#ifndef NETBACK_CTRL_H
#define NETBACK_CTRL_H

#include "netback/queue.h"

#define CTRL_SLOTS 128u /* of one ring page */

struct ctrl {
	struct queue *q; /* the first one: for copies, and to be broken */
	struct xen_netif_ctrl_sring *ring;
	uint32_t cons;	     /* next request; all before it are answered */
	unsigned int queues; /* of the interface */
};

/* Begin, or go on: q, ring and queues are set. -1: the indices cannot be (q is broken). */
int ctrl_start(struct ctrl *c);
/*
 * Answer what is there, at most a ring's worth. *notify: the front end waits for an event. MORE,
 * IDLE or BROKEN.
 */
enum turn ctrl_turn(struct ctrl *c, bool *notify);

#endif
