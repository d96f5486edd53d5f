/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsers and printers of the numbers that people write. Pure functions, no state.
 */
#include "tools/lib/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int parse_number(const char *s, long long min, long long max, long long *n)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)s[0]) && !(s[0] == '-' && isdigit((unsigned char)s[1])))
		return -1;
	errno = 0;
	v = strtoll(s, &end, 0);
	if (errno || *end || v < min || v > max)
		return -1;
	*n = v;
	return 0;
}

int parse_memory_kb(const char *s, uint64_t *kb)
{
	static const char units[] = "bkmgt";
	unsigned long long v;
	const char *unit;
	char *end;
	int shift = 20;

	if (!isdigit((unsigned char)s[0]))
		return -1;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -1;
	if (*end) {
		unit = strchr(units, tolower((unsigned char)*end));
		if (!unit || end[1])
			return -1;
		shift = 10 * (int)(unit - units);
	}
	if (shift && v >> (63 - shift))
		return -1;
	v <<= shift;
	*kb = (v + 1023) / 1024;
	return 0;
}

int parse_rate(const char *s, uint64_t *bytes_per_interval, uint32_t *interval_us)
{
	unsigned long long rate, interval = 50000, mult = 1;
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -1;
	errno = 0;
	rate = strtoull(s, &end, 10);
	if (*end == 'K' || *end == 'k')
		mult = 1000, end++;
	else if (*end == 'M')
		mult = 1000000, end++;
	else if (*end == 'G')
		mult = 1000000000, end++;
	if (errno || rate > UINT64_MAX / mult || (*end != 'b' && *end != 'B') ||
		strncmp(end + 1, "/s", 2))
		return -1;
	rate = *end == 'b' ? rate * mult / 8 : rate * mult;
	end += 3;
	if (*end == '@') {
		interval = isdigit((unsigned char)end[1]) ? strtoull(end + 1, &end, 10) : 0;
		if (!strcmp(end, "us"))
			mult = 1;
		else if (!strcmp(end, "ms"))
			mult = 1000;
		else if (!strcmp(end, "s"))
			mult = 1000000;
		else
			return -1;
		if (!interval || interval > UINT32_MAX / mult)
			return -1;
		interval *= mult;
	} else if (*end) {
		return -1;
	}
	if (!rate)
		return -1;
	*interval_us = interval;
	*bytes_per_interval = (uint64_t)((__uint128_t)rate * interval / 1000000);
	return 0;
}

int parse_mac(const char *s, uint8_t mac[6])
{
	int i;

	for (i = 0; i < 6; i++, s += 3) {
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return -1;
		if (s[2] != (i == 5 ? 0 : ':'))
			return -1;
		mac[i] = strtoul(s, NULL, 16);
	}
	return 0;
}

void format_mac(const uint8_t mac[6], char out[18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

int parse_uuid(const char *s, uint8_t uuid[16])
{
	unsigned int i;

	if (strlen(s) != 36)
		return -1;
	for (i = 0; i < 16; i++) {
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return -1;
		uuid[i] = strtoul((char[]){ s[0], s[1], 0 }, NULL, 16);
		s += 2;
		if (i == 3 || i == 5 || i == 7 || i == 9)
			if (*s++ != '-')
				return -1;
	}
	return 0;
}

void format_uuid(const uint8_t u[16], char out[37])
{
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		u[13], u[14], u[15]);
}

bool cpumap_test(const struct cpumap *m, unsigned int cpu)
{
	return m->all || (cpu < CPUMAP_BITS && (m->bits[cpu / 8] >> (cpu % 8)) & 1);
}

void cpumap_set(struct cpumap *m, unsigned int cpu, bool on)
{
	if (cpu >= CPUMAP_BITS)
		return;
	if (on)
		m->bits[cpu / 8] |= 1 << (cpu % 8);
	else
		m->bits[cpu / 8] &= ~(1 << (cpu % 8));
}

static int parse_cpu_range(const char *s, struct cpumap *m)
{
	bool on = *s != '^';
	unsigned long a, b;
	char *end;

	s += !on;
	if (!strcmp(s, "all")) {
		memset(m->bits, on ? 0xff : 0, sizeof(m->bits));
		m->all = on;
		return 0;
	}
	if (!isdigit((unsigned char)*s))
		return -1;
	a = b = strtoul(s, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		b = strtoul(end + 1, &end, 10);
	if (*end || b < a || b >= CPUMAP_BITS)
		return -1;
	m->all = false;
	for (; a <= b; a++)
		cpumap_set(m, a, on);
	return 0;
}

int parse_cpumap(const char *s, struct cpumap *m)
{
	char part[64];
	size_t n;

	memset(m, 0, sizeof(*m));
	/* "^1" alone takes away from nothing; a list that starts so means all but these. */
	do {
		while (*s == ' ')
			s++;
		n = strcspn(s, ",");
		if (!n || n >= sizeof(part))
			return -1;
		memcpy(part, s, n);
		part[n] = 0;
		while (n && part[n - 1] == ' ')
			part[--n] = 0;
		if (parse_cpu_range(part, m))
			return -1;
		s += strcspn(s, ",");
	} while (*s++ == ',');
	return 0;
}

void format_cpumap(const struct cpumap *m, unsigned int ncpus, char *out, size_t size)
{
	unsigned int cpu, last, count = 0;
	size_t n = 0;

	for (cpu = 0; cpu < ncpus; cpu++)
		count += cpumap_test(m, cpu);
	if (count == ncpus || !count) {
		snprintf(out, size, "%s", count ? "all" : "none");
		return;
	}
	out[0] = 0;
	for (cpu = 0; cpu < ncpus && n < size; cpu = last + 1) {
		last = cpu;
		if (!cpumap_test(m, cpu))
			continue;
		while (last + 1 < ncpus && cpumap_test(m, last + 1))
			last++;
		n += snprintf(out + n, size - n, last == cpu ? "%s%u" : "%s%u-%u", n ? "," : "",
			cpu, last);
	}
}

/* "a" is 0, "z" 25, "aa" 26; moves *s behind the letters. */
static long disk_letters(const char **s)
{
	long n = 0;

	while (**s >= 'a' && **s <= 'z' && n < 100000)
		n = n * 26 + (*(*s)++ - 'a' + 1);
	return n - 1;
}

/* The numbering is in Xen's xen-vbd-interface(7): xvd 202<<8 with 16 partitions, above 16 disks bit
 * 28 set. */
int parse_vdev(const char *s, uint32_t *number)
{
	long disk, part = 0;
	char kind = 'x';
	char *end;
	const char *p;

	if (isdigit((unsigned char)s[0])) {
		unsigned long n = strtoul(s, &end, 0);

		*number = n;
		return *end || n > UINT32_MAX ? -1 : 0;
	}
	if (!strncmp(s, "xvd", 3))
		p = s + 3;
	else if (!strncmp(s, "sd", 2) || !strncmp(s, "hd", 2))
		kind = s[0], p = s + 2;
	else if (s[0] == 'd' && isdigit((unsigned char)s[1]))
		kind = 'd', p = s + 1;
	else
		return -1;
	if (kind == 'd') {
		disk = strtol(p, &end, 10);
		p = end;
		if (*p == 'p' && isdigit((unsigned char)p[1]))
			part = strtol(p + 1, &end, 10);
		p = end;
	} else {
		disk = disk_letters(&p);
		if (isdigit((unsigned char)*p)) {
			part = strtol(p, &end, 10);
			p = end;
		}
	}
	if (*p || disk < 0 || part < 0)
		return -1;
	if (kind == 'h' && disk < 4 && part < 64) {
		*number = (disk < 2 ? 3 << 8 : 22 << 8) | (disk % 2) << 6 | part;
	} else if (kind == 's' && disk < 16 && part < 16) {
		*number = 8 << 8 | disk << 4 | part;
	} else if (kind != 'h' && kind != 's' && disk < 16 && part < 16) {
		*number = 202 << 8 | disk << 4 | part;
	} else if (kind != 'h' && kind != 's' && disk < (1 << 20) && part < 256) {
		*number = 1 << 28 | disk << 8 | part;
	} else {
		return -1;
	}
	return 0;
}
