/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network front end and a tap in memory, behind the seam of netback/queue.h: grant g is page g,
 * the tap keeps what it was sent and hands out what it was given.
 */
#ifndef TESTS_HOST_NETBACK_FAKE_H
#define TESTS_HOST_NETBACK_FAKE_H

#include "netback/queue.h"

#define FAKE_GRANTS 512u
#define FAKE_FRAMES 600u

struct fake_frame {
	struct virtio_net_hdr h;
	size_t len;
	uint8_t *data;
};

struct fake {
	struct queue q;
	struct net_features f;
	struct mcast mcast;
	struct scratch s;
	union {
		netif_tx_sring_t ring;
		uint8_t page[NET_PAGE];
	} tx __attribute__((aligned(4096)));
	union {
		netif_rx_sring_t ring;
		uint8_t page[NET_PAGE];
	} rx __attribute__((aligned(4096)));
	uint8_t page[FAKE_GRANTS][NET_PAGE];
	bool revoked[FAKE_GRANTS];
	struct fake_frame sent[FAKE_FRAMES], waiting[FAKE_FRAMES];
	unsigned int nsent, nwaiting, taken;
	unsigned int notified, copies, segments, receives;
	bool copy_fails;
	uint64_t now;
	uint32_t tx_prod, tx_seen; /* the front end's */
	uint32_t rx_prod, rx_seen;
};

/* Are our pages granted to ourselves, so that copies must name them by reference? */
extern bool fake_granted;

/* A connected queue with all features and no receive buffers. */
struct fake *fake_new(void);
void fake_free(struct fake *f);
void fake_free_pages(struct scratch *s);
/* Drop the frames that were sent and those that wait. */
void fake_clear(struct fake *f);

/* Put a request (or extra info) on the transmit ring; not yet published. */
void fake_request(
	struct fake *f, uint16_t id, uint32_t gref, uint16_t offset, uint16_t flags, uint16_t size);
void fake_extra(struct fake *f, const netif_extra_info_t *e);
/* Publish; true when the back end wants to be told. */
bool fake_push(struct fake *f);
/* Turns until there is nothing to do; the last one's verdict. */
enum turn fake_run(struct fake *f);

/* n receive buffers, the slot's number being id and grant; published. True: the back end is told.
 */
bool fake_buffers(struct fake *f, unsigned int n);
/* A frame arrives at the tap. */
void fake_arrive(struct fake *f, const struct virtio_net_hdr *h, const void *data, size_t len);

#endif
