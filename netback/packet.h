/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be known of a frame's headers: where its transport checksum begins and lies. Pure
 * code over bytes that nobody else writes (never over ring pages or granted pages).
 * Formats: IEEE 802.1Q, RFC 791, 8200, 9293, 768.
 */
#ifndef NETBACK_PACKET_H
#define NETBACK_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_HEADERS 512u /* no header that is looked at begins behind that */

struct packet_sum {
	uint16_t network;   /* where the IP header begins */
	uint16_t start;	    /* where the transport header begins */
	uint16_t offset;    /* of the checksum in the transport header */
	uint16_t transport; /* length of the transport header */
	uint8_t version;    /* of IP: 4 or 6 */
	uint8_t protocol;   /* TCP or UDP */
};

/* Does a frame of at least 14 bytes have a VLAN tag? */
bool packet_tagged(const uint8_t *p);
/*
 * The type that a frame says to be of, behind VLAN tags, and where its payload begins. 0: none.
 */
uint16_t packet_network(const uint8_t *p, size_t len, uint16_t *network);
/* Find the TCP or UDP checksum of a frame of which `len` bytes are at p. False: there is none. */
bool packet_find_sum(const uint8_t *p, size_t len, struct packet_sum *s);
/* Put the sum of the pseudo header there, as who leaves the rest to the other side does. */
void packet_set_pseudo(uint8_t *p, size_t frame, const struct packet_sum *s);
/*
 * Complete a checksum: over all from start on, the pseudo header's sum being there. False: start
 * or offset lie outside.
 */
bool packet_fill_sum(uint8_t *p, size_t frame, size_t start, size_t offset);

#endif
