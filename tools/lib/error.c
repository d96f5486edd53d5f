/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors for people: filling and printing struct error. See error.h for the form and error.def for
 * the kinds.
 */
#include "tools/lib/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int code, vane, xl;
	const char *text;
} kinds[] = {
	[ERR_NONE] = { 0, 0, 0, "ok" },
#define ERR(name, c, v, x, t) [ERR_##name] = { c, v, x, t },
#include "tools/lib/error.def"
#undef ERR
};

static void set(char *to, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(to, size, fmt, ap) < 0)
		to[0] = 0;
}

int error_set(struct error *e, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (e->kind != ERR_NONE)
		return -1;
	va_start(ap, fmt);
	set(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	e->kind = kind;
	return -1;
}

int error_errno(struct error *e, enum error_kind kind, const char *fmt, ...)
{
	const char *why = strerror(errno);
	va_list ap;
	size_t n;

	if (e->kind != ERR_NONE)
		return -1;
	va_start(ap, fmt);
	set(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	n = strlen(e->what);
	snprintf(e->what + n, sizeof(e->what) - n, ": %s", why);
	e->kind = kind;
	return -1;
}

int error_in(struct error *e, const char *fmt, ...)
{
	char inner[sizeof(e->what)];
	va_list ap;
	size_t n;

	memcpy(inner, e->what, sizeof(inner));
	va_start(ap, fmt);
	set(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	n = strlen(e->what);
	if (n < sizeof(e->what) - 1)
		snprintf(e->what + n, sizeof(e->what) - n, ": %.*s", (int)(sizeof(e->what) - n),
			inner);
	return -1;
}

void error_state(struct error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e->state, sizeof(e->state), fmt, ap);
	va_end(ap);
}

void error_advice(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (e->advice[0])
		return;
	va_start(ap, fmt);
	set(e->advice, sizeof(e->advice), fmt, ap);
	va_end(ap);
}

void error_clear(struct error *e)
{
	memset(e, 0, sizeof(*e));
}

void error_format(const struct error *e, char *buf, size_t size)
{
	snprintf(buf, size, "error: %s\n%s%s%s%s%s%s  [PVN-E%04d %s]\n", e->what,
		e->state[0] ? "  " : "", e->state, e->state[0] ? "\n" : "",
		e->advice[0] ? "  try: " : "", e->advice, e->advice[0] ? "\n" : "",
		kinds[e->kind].code, kinds[e->kind].text);
}

void error_print(const struct error *e)
{
	char buf[sizeof(*e) + 128];

	error_format(e, buf, sizeof(buf));
	fputs(buf, stderr);
}

int error_code(const struct error *e)
{
	return kinds[e->kind].code;
}

const char *error_name(const struct error *e)
{
	return kinds[e->kind].text;
}

int error_exit_status(const struct error *e, bool as_xl)
{
	return as_xl ? kinds[e->kind].xl : kinds[e->kind].vane;
}
