/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules against false addresses: see nicguard.h. What is not said to be the guest's is dropped, and
 * counted. Nothing of the configuration's text goes to nft as it is: addresses are parsed and
 * written anew. Formats: RFC 826 (ARP), 4861 (neighbour discovery), 4862 (addresses).
 */
#include "tools/lib/nicguard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/text.h"
#include "tools/lib/units.h"

struct address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	unsigned int bits; /* of its prefix */
};

/* What is not in the prefix is zero. */
static void cut(struct address *a)
{
	unsigned int i;

	for (i = a->bits; i < 128; i++)
		a->bytes[i / 8] &= ~(0x80 >> i % 8);
}

static bool parse_address(const char *word, struct address *a)
{
	char copy[INET6_ADDRSTRLEN + 4], *slash;
	long long bits;

	if (strlen(word) >= sizeof(copy))
		return false;
	strcpy(copy, word);
	slash = strchr(copy, '/');
	if (slash)
		*slash = 0;
	a->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	bits = a->family == AF_INET ? 32 : 128;
	if (inet_pton(a->family, copy, a->bytes) != 1 ||
		(slash && parse_number(slash + 1, 1, bits, &bits)))
		return false;
	a->bits = bits;
	cut(a);
	return true;
}

/* The next address of a list; false at its end, with *good telling how it was reached. */
static bool next_address(const char **at, struct address *a, bool *good)
{
	char word[64];
	size_t n;

	*at += strspn(*at, " \t");
	n = strcspn(*at, " \t");
	*good = n < sizeof(word);
	if (!n || !*good)
		return false;
	memcpy(word, *at, n);
	word[n] = 0;
	*at += n;
	*good = parse_address(word, a);
	return *good;
}

bool nicguard_good_ips(const char *ips)
{
	struct address a;
	bool good = true;

	while (ips && next_address(&ips, &a, &good))
		;
	return good;
}

/* The address that an interface makes itself of its hardware address. */
static void link_local(const uint8_t mac[6], struct address *a)
{
	a->family = AF_INET6;
	a->bits = 128;
	memcpy(a->bytes, "\xfe\x80\0\0\0\0\0\0", 8);
	memcpy(a->bytes + 8, mac, 3);
	a->bytes[8] ^= 2;
	memcpy(a->bytes + 11, "\xff\xfe", 2);
	memcpy(a->bytes + 13, mac + 3, 3);
}

static void add_hex(struct text *t, const uint8_t bytes[16])
{
	unsigned int i;

	text_add(t, " 0x");
	for (i = 0; i < 16; i++)
		text_add(t, "%02x", bytes[i]);
}

/* A neighbour advertisement speaks of an address in its body. */
static void add_advertisement(struct text *t, const struct address *a)
{
	struct address mask = { .bits = a->bits };

	memset(mask.bytes, 255, 16);
	cut(&mask);
	text_add(t, "\t\ticmpv6 type nd-neighbor-advert @th,64,128 &");
	add_hex(t, mask.bytes);
	text_add(t, " ==");
	add_hex(t, a->bytes);
	text_add(t, " accept\n");
}

static void add_address(struct text *set, const struct address *a)
{
	char name[INET6_ADDRSTRLEN];

	inet_ntop(a->family, a->bytes, name, sizeof(name));
	text_add(set, "%s%s/%u", set->len ? ", " : "", name, a->bits);
}

static void add_ipv4(struct text *t, const char *set)
{
	/* 0.0.0.0: who has no address yet asks whether one is free, and asks for one. */
	text_add(t, "\t\tmeta protocol arp arp saddr ip 0.0.0.0 accept\n"
		    "\t\tip saddr 0.0.0.0 udp sport 68 udp dport 67 accept\n");
	if (set)
		text_add(t,
			"\t\tmeta protocol arp arp saddr ip { %s } accept\n"
			"\t\tip saddr { %s } accept\n",
			set, set);
}

static void add_ipv6(struct text *t, const char *set, const char *advertisements)
{
	text_add(t,
		"\t\tip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld2-listener-report }"
		" accept\n"
		"\t\tip6 saddr != { %s } counter drop\n"
		"%s\t\ticmpv6 type nd-neighbor-advert counter drop\n"
		"\t\tmeta protocol ip6 accept\n",
		set, advertisements);
}

static void add_ips(struct text *t, const uint8_t mac[6], const char *ips)
{
	struct text v4 = { 0 }, v6 = { 0 }, advertisements = { 0 };
	bool good, any6 = false;
	struct address a;

	while (next_address(&ips, &a, &good)) {
		add_address(a.family == AF_INET ? &v4 : &v6, &a);
		if (a.family == AF_INET6) {
			any6 = true;
			add_advertisement(&advertisements, &a);
		}
	}
	add_ipv4(t, v4.s);
	if (any6) {
		link_local(mac, &a);
		add_address(&v6, &a);
		add_advertisement(&advertisements, &a);
		add_ipv6(t, v6.s, advertisements.s);
	}
	text_add(t, "\t\tcounter drop\n");
	text_free(&v4);
	text_free(&v6);
	text_free(&advertisements);
}

char *nicguard_rules(const char *vif, const uint8_t mac[6], const char *ips)
{
	struct text t = { 0 };
	char address[18];

	format_mac(mac, address);
	/* Added first so that deleting it cannot fail. */
	text_add(&t,
		"add table netdev %s\ndelete table netdev %s\n"
		"table netdev %s {\n\tchain from_guest {\n"
		"\t\ttype filter hook ingress device \"%s\" priority -500; policy drop;\n"
		"\t\tether saddr != %s counter drop\n"
		"\t\tmeta protocol arp arp saddr ether != %s counter drop\n",
		vif, vif, vif, vif, address, address);
	if (ips && *ips)
		add_ips(&t, mac, ips);
	else
		text_add(&t, "\t\taccept\n");
	text_add(&t, "\t}\n}\n");
	return t.s;
}

char *nicguard_no_rules(const char *vif)
{
	return xprintf("add table netdev %s\ndelete table netdev %s\n", vif, vif);
}
