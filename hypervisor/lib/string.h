/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The string functions that a freestanding C needs, under their standard names and meanings. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/base.h"

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
/* -ffreestanding hides from the compiler that these are the standard ones: small constant sizes
 * become plain moves. */
#define memcpy(to, from, n) __builtin_memcpy((to), (from), (n))
#define memset(to, c, n)    __builtin_memset((to), (c), (n))
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *part);
/* Copy at most size-1 bytes and end with NUL; returns the length of from. */
size_t strlcpy(char *to, const char *from, size_t size);
/* As C's strtoull without white space or a sign; a value that does not fit is ~0. *end may be NULL.
 */
u64 parse_u64(const char *s, const char **end, unsigned base);

#endif
