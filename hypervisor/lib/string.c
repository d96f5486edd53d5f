/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory and string functions of C under their standard names, for a freestanding build: the
 * compiler and the decompression libraries call them too. Copies and fills use `rep` with 8-byte
 * words: one instruction a word on every x86-64, and the fastest form for whole pages.
 */
#include "lib/string.h"

#undef memcpy
#undef memset
#undef memmove

void *memcpy(void *to, const void *from, size_t n)
{
	void *result = to;
	size_t words = n / 8, rest = n % 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	if (rest)
		asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
	return result;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	t += n - 1;
	f += n - 1;
	asm volatile("std; rep movsb; cld" : "+D"(t), "+S"(f), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *result = to;
	size_t words = n / 8, rest = n % 8;
	u64 pattern = (u8)c * 0x0101010101010101ull;

	asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	if (rest)
		asm volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
	return result;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i])
		i++;
	return i;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strstr(const char *s, const char *part)
{
	size_t n = strlen(part);

	for (; *s; s++)
		if (strncmp(s, part, n) == 0)
			return (char *)s;
	return n ? NULL : (char *)s;
}
