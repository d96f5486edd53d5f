/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes of frames: see hash.h.
 */
#include "netback/hash.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>
#include <xengnttab.h>
#include <xen/io/netif.h>

#include "netback/packet.h"

#define IPV4_ADDRESSES	12u /* where they begin in the header */
#define IPV6_ADDRESSES	8u
#define IPV4_HEADER	20u
#define IPV6_HEADER	40u
#define FRAGMENT_OFFSET 6u
#define FRAGMENT_MASK	0x3f /* more to come, or not the first: in the field's upper byte */

uint32_t hash_toeplitz(const uint8_t key[HASH_KEY], const uint8_t *bytes, size_t count)
{
	uint32_t value = 0, window;
	size_t i, bit;

	for (i = 0; i < count && i + 4 < HASH_KEY; i++) {
		window = (uint32_t)key[i] << 24 | key[i + 1] << 16 | key[i + 2] << 8 | key[i + 3];
		for (bit = 0; bit < 8; bit++) {
			if (bytes[i] & 0x80 >> bit)
				value ^= window;
			window = window << 1 | (key[i + 4] >> (7 - bit) & 1);
		}
	}
	return value;
}

/* Is there a whole TCP packet right behind the addresses' header? Fragments have no ports. */
static bool has_ports(const uint8_t *p, size_t len, size_t network, struct packet_sum *s)
{
	const uint8_t *f = p + network + FRAGMENT_OFFSET;

	if (!packet_find_sum(p, len, s) || s->protocol != IPPROTO_TCP)
		return false;
	return s->version == 6 ? s->start == network + IPV6_HEADER
			       : !(f[0] & FRAGMENT_MASK || f[1]);
}

uint32_t hash_frame(const struct hash *h, const uint8_t *p, size_t len, uint32_t *value)
{
	uint16_t network, type = packet_network(p, len, &network);
	bool v4 = type == ETHERTYPE_IP;
	size_t header = v4 ? IPV4_HEADER : IPV6_HEADER, count = v4 ? 8 : 32;
	uint32_t plain = v4 ? XEN_NETIF_CTRL_HASH_TYPE_IPV4 : XEN_NETIF_CTRL_HASH_TYPE_IPV6,
		 tcp = v4 ? XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP : XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
		 found = h->types & plain;
	uint8_t bytes[36];
	struct packet_sum s;

	*value = 0;
	if ((!v4 && type != ETHERTYPE_IPV6) || network + header > len)
		return 0;
	memcpy(bytes, p + network + (v4 ? IPV4_ADDRESSES : IPV6_ADDRESSES), count);
	if (h->types & tcp && has_ports(p, len, network, &s)) {
		memcpy(bytes + count, p + s.start, 4);
		count += 4;
		found = tcp;
	}
	if (found)
		*value = hash_toeplitz(h->key, bytes, count);
	return found;
}

unsigned int hash_queue(const struct hash *h, uint32_t value, unsigned int queues)
{
	return (h->entries ? h->mapping[value % h->entries % HASH_MAPPING] : value) % queues;
}
