/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers and checksums: see packet.h.
 */
#include "netback/packet.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#define TAGS_MAX    2
#define TCP_MIN	    20u
#define UDP_LEN	    8u
#define TCP_SUM	    16u
#define UDP_SUM	    6u
#define IPV6_HEADER 40u

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* The ones' complement sum of 16-bit words in network order, not folded. */
static uint64_t add_up(const uint8_t *p, size_t len, uint64_t sum)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	return len & 1 ? sum + (p[len - 1] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool find_transport(const uint8_t *p, size_t len, struct packet_sum *s)
{
	if (s->protocol == IPPROTO_TCP) {
		if (s->start + TCP_MIN > len)
			return false;
		s->offset = TCP_SUM;
		s->transport = (p[s->start + 12] >> 4) * 4;
		return s->transport >= TCP_MIN;
	}
	s->offset = UDP_SUM;
	s->transport = UDP_LEN;
	return s->protocol == IPPROTO_UDP && s->start + UDP_LEN <= len;
}

static bool find_ipv4(const uint8_t *p, size_t len, struct packet_sum *s)
{
	size_t header;

	if (s->network + 20u > len)
		return false;
	header = (p[s->network] & 15) * 4;
	/* Not the first fragment: no transport header. */
	if (p[s->network] >> 4 != 4 || header < 20 || get16(p + s->network + 6) & 0x1fff)
		return false;
	s->version = 4;
	s->protocol = p[s->network + 9];
	s->start = s->network + header;
	return find_transport(p, len, s);
}

/* Extension headers are followed to the transport header; each is at least 8 bytes long. */
static bool find_ipv6(const uint8_t *p, size_t len, struct packet_sum *s)
{
	size_t at = s->network + IPV6_HEADER;

	if (at > len || p[s->network] >> 4 != 6)
		return false;
	s->version = 6;
	s->protocol = p[s->network + 6];
	while (s->protocol == IPPROTO_HOPOPTS || s->protocol == IPPROTO_ROUTING ||
		s->protocol == IPPROTO_DSTOPTS || s->protocol == IPPROTO_FRAGMENT) {
		if (at + 8 > len || at > PACKET_HEADERS)
			return false;
		if (s->protocol == IPPROTO_FRAGMENT && get16(p + at + 2) & 0xfff8)
			return false;
		s->protocol = p[at];
		at += p[at + 1] * 8u + 8;
	}
	if (at > PACKET_HEADERS)
		return false;
	s->start = at;
	return find_transport(p, len, s);
}

static bool is_tag(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == 0x88a8;
}

bool packet_tagged(const uint8_t *p)
{
	return is_tag(get16(p + 12));
}

uint16_t packet_network(const uint8_t *p, size_t len, uint16_t *network)
{
	size_t at = 12;
	uint16_t type;
	int tags;

	*network = 0;
	if (len < ETHER_HDR_LEN)
		return 0;
	type = get16(p + at);
	for (tags = 0; is_tag(type); tags++) {
		at += 4;
		if (tags == TAGS_MAX || at + 2 > len)
			return 0;
		type = get16(p + at);
	}
	*network = at + 2;
	return type;
}

bool packet_find_sum(const uint8_t *p, size_t len, struct packet_sum *s)
{
	uint16_t type = packet_network(p, len, &s->network);

	if (type == ETHERTYPE_IP)
		return find_ipv4(p, len, s);
	return type == ETHERTYPE_IPV6 && find_ipv6(p, len, s);
}

void packet_set_pseudo(uint8_t *p, size_t frame, const struct packet_sum *s)
{
	uint64_t sum = s->protocol + (uint64_t)(frame - s->start);

	if (s->version == 4)
		sum = add_up(p + s->network + 12, 8, sum);
	else
		sum = add_up(p + s->network + 8, 32, sum);
	put16(p + s->start + s->offset, fold(sum));
}

bool packet_fill_sum(uint8_t *p, size_t frame, size_t start, size_t offset)
{
	uint16_t sum;

	if (start > frame || offset + 2 > frame - start)
		return false;
	sum = ~fold(add_up(p + start, frame - start, 0));
	/* All zeroes would say "no checksum" in UDP; all ones is the same number. */
	put16(p + start + offset, sum ? sum : 0xffff);
	return true;
}
