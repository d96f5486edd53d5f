// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory and string functions that the compiler expects to find, byte by byte: nothing here is
 * worth being fast.
 */
#include "base.h"

void *memset(void *to, int byte, size_t size)
{
	void *end = to;

	asm volatile("rep stosb" : "+D"(end), "+c"(size) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	void *end = to;

	asm volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(size)::"memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	u8 *t = to;
	const u8 *f = from;

	if (t <= f || t >= f + size)
		return memcpy(to, from, size);
	while (size--) {
		t[size] = f[size];
		barrier();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;

	for (; size; size--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		barrier();
	}
	return n;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}
