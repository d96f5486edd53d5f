/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstore access for the control domain: see store.h.
 */
#include "tools/lib/store.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/lib/text.h"

int store_open(struct store *s, struct error *e)
{
	memset(s, 0, sizeof(*s));
	s->xs = xs_open(0);
	if (s->xs)
		return 0;
	error_errno(e, ERR_DAEMON, "cannot reach xenstore");
	error_advice(e, "systemctl start xenstored");
	return -1;
}

void store_close(struct store *s)
{
	if (s->xs)
		xs_close(s->xs);
	s->xs = NULL;
}

void store_begin(struct store *s)
{
	s->failed = 0;
	s->t = xs_transaction_start(s->xs);
	if (!s->t)
		s->failed = errno;
}

int store_commit(struct store *s)
{
	int failed = s->failed, rc = 0;

	if (s->t && !xs_transaction_end(s->xs, s->t, failed))
		rc = errno == EAGAIN && !failed ? 1 : -1;
	s->t = XBT_NULL;
	s->failed = 0;
	if (failed) {
		errno = failed;
		rc = -1;
	}
	return rc;
}

void store_abort(struct store *s)
{
	if (s->t)
		xs_transaction_end(s->xs, s->t, true);
	s->t = XBT_NULL;
	s->failed = 0;
}

static void note(struct store *s, bool ok)
{
	if (!ok && !s->failed)
		s->failed = errno ? errno : EIO;
}

static char *format(const char *fmt, va_list ap)
{
	char *v = NULL;

	if (vasprintf(&v, fmt, ap) < 0)
		v = xstrdup("");
	return v;
}

void store_write(struct store *s, const char *path, const char *fmt, ...)
{
	va_list ap;
	char *v;

	va_start(ap, fmt);
	v = format(fmt, ap);
	va_end(ap);
	note(s, xs_write(s->xs, s->t, path, v, strlen(v)));
	free(v);
}

void store_put(struct store *s, const char *dir, const char *name, const char *fmt, ...)
{
	char *path = xprintf("%s/%s", dir, name), *v;
	va_list ap;

	va_start(ap, fmt);
	v = format(fmt, ap);
	va_end(ap);
	note(s, xs_write(s->xs, s->t, path, v, strlen(v)));
	free(v);
	free(path);
}

void store_mkdir(struct store *s, const char *path, int owner, int reader)
{
	note(s, xs_mkdir(s->xs, s->t, path));
	store_chmod(s, path, owner, reader);
}

void store_chmod(struct store *s, const char *path, int owner, int reader)
{
	struct xs_permissions perms[2] = { { .id = owner, .perms = XS_PERM_NONE },
		{ .id = reader, .perms = XS_PERM_READ } };

	note(s, xs_set_permissions(s->xs, s->t, path, perms, reader >= 0 ? 2 : 1));
}

void store_rm(struct store *s, const char *path)
{
	if (!xs_rm(s->xs, s->t, path) && errno != ENOENT)
		note(s, false);
}

void store_rm_up(struct store *s, const char *path, int keep)
{
	char *p = xstrdup(path), *slash, *c;
	unsigned int n;
	int depth;

	store_rm(s, p);
	while ((slash = strrchr(p, '/')) && slash != p) {
		*slash = 0;
		for (depth = 0, c = p; *c; c++)
			depth += *c == '/';
		if (depth <= keep)
			break;
		n = 0;
		free(xs_directory(s->xs, s->t, p, &n));
		if (n)
			break;
		store_rm(s, p);
	}
	free(p);
}

char *store_read(struct store *s, const char *fmt, ...)
{
	unsigned int len;
	va_list ap;
	char *path, *v;

	va_start(ap, fmt);
	path = format(fmt, ap);
	va_end(ap);
	v = xs_read(s->xs, s->t, path, &len);
	free(path);
	return v;
}

bool store_exists(struct store *s, const char *path)
{
	unsigned int len;
	void *v = xs_read(s->xs, s->t, path, &len);
	bool there = v;

	free(v);
	return there;
}

long long store_read_number(struct store *s, long long dflt, const char *fmt, ...)
{
	unsigned int len;
	va_list ap;
	char *path, *v, *end;
	long long n = dflt;

	va_start(ap, fmt);
	path = format(fmt, ap);
	va_end(ap);
	v = xs_read(s->xs, s->t, path, &len);
	if (v && *v) {
		n = strtoll(v, &end, 10);
		if (*end)
			n = dflt;
	}
	free(v);
	free(path);
	return n;
}

char **store_list(struct store *s, unsigned int *n, const char *fmt, ...)
{
	va_list ap;
	char *path, **names;

	va_start(ap, fmt);
	path = format(fmt, ap);
	va_end(ap);
	*n = 0;
	names = xs_directory(s->xs, s->t, path, n);
	if (!names)
		*n = 0;
	free(path);
	return names;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int store_wait(struct store *s, const char *path, int timeout_ms,
	bool (*test)(struct store *s, void *arg), void *arg)
{
	struct pollfd fd = { .fd = xs_fileno(s->xs), .events = POLLIN };
	long left, end = now_ms() + timeout_ms;
	char **event;
	int rc = -1;

	if (!xs_watch(s->xs, path, "wait"))
		return -1;
	while (!test(s, arg)) {
		left = end - now_ms();
		if (left <= 0) {
			errno = ETIMEDOUT;
			goto out;
		}
		if (poll(&fd, 1, left) > 0)
			while ((event = xs_check_watch(s->xs)))
				free(event);
	}
	rc = 0;
out:
	left = errno;
	xs_unwatch(s->xs, path, "wait");
	while ((event = xs_check_watch(s->xs)))
		free(event);
	errno = left;
	return rc;
}
