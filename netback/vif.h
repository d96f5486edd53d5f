/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface: its features, its queues on a mapped front end and on a tap's queues. What the
 * skeleton (tools/lib/backend.h) calls is in vif.c, the tap in tap.c.
 */
#ifndef NETBACK_VIF_H
#define NETBACK_VIF_H

#include "netback/ctrl.h"
#include "tools/lib/backend.h"

#define VIF_QUEUES BACKEND_FDS

/* The restart memory: what a front end says once. */
struct vif_memory {
	struct mcast mcast;
	struct hash hash;
};

struct vif_queue {
	struct queue q;
	struct vif *vif;
	int fd;				 /* of the tap */
	struct backend_watch readable;	 /* the tap */
	struct backend_channel *tx, *rx; /* one for both if the front end has one */
};

struct vif {
	struct backend_device *dev;
	struct net_features f;
	struct vif_queue queue[VIF_QUEUES];
	unsigned int fds, queues; /* descriptors; those in use, 0 when not connected */
	bool segmented;		  /* the tap was told of f.tagged_gso */
	sd_event_source *timer;	  /* for the rate */
	struct ctrl ctrl;
	struct backend_channel *ctrl_channel; /* NULL: the front end has no control ring */
};

/* The seam of queue.h on the tap, gntdev and event channels; q->arg is the struct vif_queue. */
extern const struct queue_ops tap_queue_ops;

/* What the process needs for batches. -1: errno. */
int tap_start(void);
/* Let the tap hand out what the front end understands, on the queues in use. -1: errno. */
int tap_connect(struct vif *v);
/* The same while connected: what has changed in the features. -1: errno. */
int tap_offload(struct vif *v);
/* No carrier, nothing in the queues. */
void tap_disconnect(struct vif *v);
void tap_carrier(struct vif *v, int on);

#endif
