/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings, allocation that does not fail, and whole files. See text.h.
 */
#include "tools/lib/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void out_of_memory(void)
{
	fputs("error: out of memory in the control domain\n", stderr);
	exit(5);
}

void *xalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xgrow(void *p, size_t count, size_t size)
{
	p = reallocarray(p, count ? count : 1, size);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	char *d = s ? strdup(s) : NULL;

	if (s && !d)
		out_of_memory();
	return d;
}

char *xprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return s;
}

static void reserve(struct text *t, size_t more)
{
	size_t need = t->len + more + 1;

	if (need <= t->size)
		return;
	t->size = need * 2;
	t->s = xgrow(t->s, t->size, 1);
}

void text_add_bytes(struct text *t, const void *p, size_t n)
{
	reserve(t, n);
	memcpy(t->s + t->len, p, n);
	t->len += n;
	t->s[t->len] = 0;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	reserve(t, n);
	va_start(ap, fmt);
	vsnprintf(t->s + t->len, n + 1, fmt, ap);
	va_end(ap);
	t->len += n;
}

void text_free(struct text *t)
{
	free(t->s);
	memset(t, 0, sizeof(*t));
}

unsigned int text_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned int row[64], diag, up, cost;

	if (la >= 64 || lb >= 64)
		return 64;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diag = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			up = row[j];
			cost = diag + (a[i - 1] != b[j - 1]);
			/* Two letters swapped ("memroy") count once. */
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				cost > diag)
				cost = diag;
			if (up + 1 < cost)
				cost = up + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			diag = up;
			row[j] = cost;
		}
	}
	return row[lb];
}

char *file_read(const char *path, size_t max, size_t *len)
{
	struct text t = { 0 };
	char buf[65536];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;

	if (fd < 0)
		return NULL;
	text_add_bytes(&t, "", 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0 && t.len + n <= max)
		text_add_bytes(&t, buf, n);
	saved = n > 0 ? EFBIG : errno;
	close(fd);
	if (n) {
		text_free(&t);
		errno = saved;
		return NULL;
	}
	if (len)
		*len = t.len;
	return t.s;
}

int file_replace(const char *path, const void *data, size_t len)
{
	char *tmp = xprintf("%s.new", path);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = -1, saved;

	if (fd >= 0) {
		rc = write(fd, data, len) == (ssize_t)len && !fsync(fd) ? 0 : -1;
		rc = close(fd) || rc ? -1 : rename(tmp, path);
		saved = errno;
		if (rc)
			unlink(tmp);
		errno = saved;
	}
	free(tmp);
	return rc;
}

char *file_beside(const char *program)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	slash = strrchr(self, '/');
	return xprintf("%.*s/%s", slash ? (int)(slash - self) : 0, self, program);
}
