/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing string, and small helpers on strings. Memory that cannot be had ends the program: these
 * are short-lived tools, and the daemons are started again by their supervisor without harm to a
 * guest.
 */
#ifndef TOOLS_LIB_TEXT_H
#define TOOLS_LIB_TEXT_H

#include <stddef.h>

struct text {
	char *s; /* never NULL after the first append; NUL-terminated */
	size_t len, size;
};

void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const void *p, size_t n);
void text_free(struct text *t);

void *xalloc(size_t size); /* zeroed */
void *xgrow(void *p, size_t count, size_t size);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Edit distance, for "did you mean". */
unsigned int text_distance(const char *a, const char *b);

/* The whole of a file into memory (caller frees), at most max bytes; NULL with errno. *len may be
 * NULL. */
char *file_read(const char *path, size_t max, size_t *len);
/* Replace a file in one step (temporary file, fsync, rename). -1 with errno. */
int file_replace(const char *path, const void *data, size_t len);
/* The path of a program that is installed beside this one; caller frees. */
char *file_beside(const char *program);

#endif
