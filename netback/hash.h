/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which queue of the front end a frame goes to when the front end chose (over the control ring,
 * ctrl.h): a Toeplitz hash over addresses and ports, and a table from hashes to queues. Pure.
 * ABI: "Hash types", "Hash algorithms" and "Control messages" in <xen/io/netif.h>.
 */
#ifndef NETBACK_HASH_H
#define NETBACK_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_KEY     40u  /* bytes of a key at most: enough for two IPv6 addresses and ports */
#define HASH_MAPPING 128u /* entries of a table at most */

/* What a front end asked for; all zero: nothing. In the restart memory: it says it once. */
struct hash {
	uint32_t algorithm, types; /* XEN_NETIF_CTRL_HASH_ALGORITHM_, _TYPE_ */
	uint32_t entries;	   /* of the table; 0: the hash modulo the number of queues */
	uint8_t key[HASH_KEY];	   /* a shorter one is followed by zeroes */
	uint8_t mapping[HASH_MAPPING];
};

static inline bool hash_on(const struct hash *h)
{
	return h && h->algorithm && h->types;
}

uint32_t hash_toeplitz(const uint8_t key[HASH_KEY], const uint8_t *bytes, size_t count);
/*
 * The hash of a frame. Returns which it is, one of the types that were asked for (the one over most
 * of the headers), or 0 when none fits; *value is set then to 0.
 */
uint32_t hash_frame(const struct hash *h, const uint8_t *p, size_t len, uint32_t *value);
/* The queue for a hash, below `queues`. */
unsigned int hash_queue(const struct hash *h, uint32_t value, unsigned int queues);

#endif
