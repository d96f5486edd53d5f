/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two text helpers of lib/string.h that the C library does not have (so that host tests link
 * them beside it). */
#include "lib/string.h"

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t n = strlen(from);

	if (size) {
		size_t part = min(n, size - 1);

		memcpy(to, from, part);
		to[part] = '\0';
	}
	return n;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A') + 10;
	return ~0u;
}

u64 parse_u64(const char *s, const char **end, unsigned base)
{
	const char *p = s;
	u64 value = 0;
	bool any = false, over = false;

	if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 0x20) == 'x' &&
		digit_of(p[2]) < 16) {
		p += 2;
		base = 16;
	} else if (base == 0) {
		base = p[0] == '0' ? 8 : 10;
	}
	for (unsigned d; (d = digit_of(*p)) < base; p++) {
		any = true;
		over |= __builtin_mul_overflow(value, base, &value);
		over |= __builtin_add_overflow(value, d, &value);
	}
	if (end)
		*end = any ? p : s;
	return over ? ~0ull : value;
}
