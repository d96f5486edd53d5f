/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue: one transmit and one receive ring of a network front end, and one queue of the tap that
 * stands for its interface. The data path (tx.c, rx.c, packet.c, rate.c) is pure code over the seam
 * below; vif.c has the real one, the host tests one in memory.
 *
 * Ring pages are the guest's: it may write any word of them at any moment. Each request is read
 * once, word by word, into memory of ours, and only that copy is looked at; indices are kept here
 * and only published there. What a correct front end never does breaks the queue: queue_break()
 * notes the first reason, nothing more is done, and the caller ends the device.
 *
 * Answers leave in the order of the requests, and all slots of a packet are answered by one
 * publication: so rsp_prod is all that a new process has to know (queue_start()).
 * One thread serves all queues of a process and shares one `struct scratch` between them: nothing
 * stays in it from one turn to the next.
 * ABI: <xen/io/netif.h>, <xen/io/ring.h>; what Linux 6.1 does where the header leaves it open.
 */
#ifndef NETBACK_QUEUE_H
#define NETBACK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <linux/virtio_net.h>
#include <xengnttab.h>
#include <xen/io/netif.h>

#include "netback/hash.h"
#include "netback/rate.h"
#include "tools/lib/backend_pages.h"

#define NET_PAGE  4096u
#define NET_SLOTS 256u /* of one ring page, transmit and receive alike */
#define TX_PIECES 18u  /* XEN_NETIF_NR_SLOTS_MIN: what a front end may use for a packet */
#define NET_FRAME                                                                      \
	(65535u + 14 + 4) /* largest frame: 64 KiB and its link header with a VLAN tag \
			   */
#define RX_FRAME ((NET_FRAME + NET_PAGE - 1) / NET_PAGE)
#define RX_NEED	 (RX_FRAME + 1) /* receive slots for the largest frame and its extra info */
/*
 * Receive pages: frames lie one behind the other, each beginning on a page with its header in the
 * page before. That may take one page for each frame more than the slots it fills.
 */
#define RX_BATCH   48u /* frames taken at once */
#define RX_PAGES   (1 + NET_SLOTS + RX_BATCH + RX_FRAME)
#define NET_HDR	   sizeof(struct virtio_net_hdr)
#define MCAST_MAX  64u
#define NET_QUEUES 16u

typedef xengnttab_grant_copy_segment_t grant_segment;

struct queue;

struct net_frame {
	struct iovec *iov;
	int count;
	ssize_t result; /* bytes, -1: not sent, none there */
};

/* What the data path asks of the world. `q->arg` is the implementation's. */
struct queue_ops {
	/* Copy all segments, each with its own status. -1: the call itself failed (errno). */
	int (*copy)(struct queue *q, grant_segment *segs, unsigned int count);
	/* Frames, each behind its virtio_net_hdr, to the tap in this order; what became of each. */
	void (*send)(struct queue *q, struct net_frame *frames, unsigned int count);
	/* The tap's next frame with its header: their length, or -1 when there is none. */
	ssize_t (*receive)(struct queue *q, void *buf, size_t size);
	void (*notify)(struct queue *q, uint32_t port);
	uint64_t (*now)(struct queue *q); /* ns, monotonic */
};

struct queue_stats {
	uint64_t tx_packets, tx_bytes, tx_dropped;
	uint64_t rx_packets, rx_bytes, rx_dropped;
	uint64_t tx_batches, rx_batches, notifications, wakeups;
};

/* The multicast addresses that a front end listens to. In the restart memory: it says them once. */
struct mcast {
	uint32_t count;
	uint8_t address[MCAST_MAX][6];
};

/* What the front end of an interface asked for; shared by its queues. */
struct net_features {
	bool sg, gso4, gso6, csum4, csum6, mcast_control;
	struct mcast *mcast;
	struct rate rate;
	/*
	 * Frames with VLAN tags came that were to be segmented: no front end understands that. Set
	 * by rx_turn(), which drops them; the tap is to segment all from now on.
	 */
	bool tagged_gso;
	struct hash *hash; /* NULL: none can be asked for */
	struct queue *queue[NET_QUEUES];
	unsigned int queues;
};

/* Memory for the batch in hand. */
struct tx_packet {
	uint16_t slot;		/* its first answer */
	uint16_t piece, pieces; /* its data */
	uint32_t length;
	uint16_t flags, gso_size;
	uint8_t gso_type;
};
struct scratch {
	struct backend_pages tx_pages; /* NET_SLOTS, one for each piece */
	struct backend_pages rx_pages; /* RX_PAGES */
	grant_segment seg[NET_SLOTS];
	struct iovec piece[NET_SLOTS];
	struct iovec iov[2 * NET_SLOTS]; /* of the frames */
	struct net_frame frame[NET_SLOTS];
	struct virtio_net_hdr header[NET_SLOTS];
	struct tx_packet packet[NET_SLOTS];
	struct {
		uint16_t id;
		int16_t status;
	} answer[NET_SLOTS];
	netif_rx_response_t rx_answer[NET_SLOTS];
	struct rx_frame {
		uint8_t *at;   /* its header */
		ssize_t bytes; /* with the header */
	} rx[RX_BATCH];
	unsigned int rx_frames, rx_page; /* the page that the next one begins on */
	unsigned int segs, pieces, packets, answers, bytes, iovs, frames;
};

struct queue {
	const struct queue_ops *ops;
	void *arg;
	struct net_features *f;
	struct scratch *s;
	uint16_t domid;
	netif_tx_sring_t *tx;
	netif_rx_sring_t *rx;
	uint32_t tx_port, rx_port;
	uint32_t tx_cons, rx_cons; /* next request; all before it are answered */
	char broken[128];	   /* why, or empty */
	struct queue_stats stats;
};

enum turn {
	TURN_IDLE, /* nothing more to do; the front end's next request will notify */
	TURN_MORE, /* bounded work is done, more is there: call again */
	TURN_WAIT, /* the rate is used up: call again after rate_wait() */
	TURN_BROKEN,
};

/*
 * Begin, or go on where an earlier process stopped: from what was answered last. The rings, ports
 * and the rest are set. -1: the indices cannot be (the queue is broken).
 */
int queue_start(struct queue *q);
void queue_break(struct queue *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The front end's frames to the tap: at most a ring's worth. */
enum turn tx_turn(struct queue *q);
/*
 * The tap's frames to the front end: to this queue, or to those that the front end's hashes say;
 * in that case a turn waits for room in all of them (room in one: do the turns of all). IDLE: the
 * tap is empty, or there is no room and the front end will notify when there is.
 */
enum turn rx_turn(struct queue *q);

#endif
