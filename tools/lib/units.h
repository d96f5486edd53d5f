/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that people write: sizes with a unit, rates, CPU lists, MAC addresses, UUIDs. Parsers
 * accept the whole string or nothing and return -1 for what they do not accept.
 */
#ifndef TOOLS_LIB_UNITS_H
#define TOOLS_LIB_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "128" (MiB unless a unit b, k, m, g, t follows) to KiB, rounded up. The form of xl mem-set. */
int parse_memory_kb(const char *s, uint64_t *kb);
/* Decimal, octal (0) or hexadecimal (0x), as xl.cfg's numbers. */
int parse_number(const char *s, long long min, long long max, long long *n);
/* "10Mb/s", "1GB/s@20ms" to bytes an interval and the interval in microseconds (50 ms unless
 * given). */
int parse_rate(const char *s, uint64_t *bytes_per_interval, uint32_t *interval_us);
/* "00:16:3e:01:02:03" */
int parse_mac(const char *s, uint8_t mac[6]);
void format_mac(const uint8_t mac[6], char out[18]);

/* "11111111-2222-3333-4444-555555555555" */
int parse_uuid(const char *s, uint8_t uuid[16]);
void format_uuid(const uint8_t uuid[16], char out[37]);

#define CPUMAP_BITS 4096
struct cpumap {
	uint8_t bits[CPUMAP_BITS / 8];
	bool all; /* "all", or never set */
};
bool cpumap_test(const struct cpumap *m, unsigned int cpu);
void cpumap_set(struct cpumap *m, unsigned int cpu, bool on);
/* "0-3,^1", "all", "5". "node:" needs host: topology and is not accepted. */
int parse_cpumap(const char *s, struct cpumap *m);
/* "0-1,3" of the first ncpus; "all" when each of them is set, "none" when none is. */
void format_cpumap(const struct cpumap *m, unsigned int ncpus, char *out, size_t size);

/* "xvda", "sdb2", "hdc", "d5p1", "51712" to the xenbus device number. */
int parse_vdev(const char *s, uint32_t *number);

#endif
