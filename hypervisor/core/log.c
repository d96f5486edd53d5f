/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages: a level against loglvl= (ours) or guest_loglvl= (what guests cause), a prefix, and for
 * guests a token bucket so that no guest fills the log (A20): 40 lines at once, then 5 a second;
 * what was dropped is counted.
 */
#include "core/console.h"
#include "core/log.h"
#include "lib/cmdline.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define TOKENS_MAX  40u
#define TOKEN_EVERY 200000000ull /* ns */

static const char *const level_names[] = { "none", "error", "warning", "info", "debug" };

/* "warning" or "warning/..." (Xen's rate limit part is accepted and has no meaning here); all is
 * debug. */
static enum log_level level_of(const char *text)
{
	for (unsigned i = 0; i < ARRAY_SIZE(level_names); i++) {
		size_t n = strlen(level_names[i]);

		if (strncmp(text, level_names[i], n) == 0 && (!text[n] || text[n] == '/'))
			return i;
	}
	return LOG_DEBUG;
}

static enum log_level log_limit(bool guest)
{
	static enum log_level own, guests;
	static bool known;

	if (!known) {
		own = level_of(opt.loglvl);
		guests = level_of(opt.guest_loglvl);
		known = cmdline_text()[0] != '\0'; /* before the command line is read: defaults */
	}
	return guest ? guests : own;
}

static void emit(const char *prefix, const char *fmt, va_list ap)
{
	char line[256];
	size_t n = strlcpy(line, prefix, sizeof(line));
	int more = vsnprintf(line + n, sizeof(line) - n, fmt, ap);

	console_write(line, min(n + (size_t)more, sizeof(line) - 1));
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > log_limit(false))
		return;
	va_start(ap, fmt);
	emit("(PVN) ", fmt, ap);
	va_end(ap);
}

void log_raw(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

/* One token of d's bucket; false: drop the line. Races only make the limit a little less exact. */
static bool token_take(struct domain *d)
{
	u64 now = time_now(), fresh = (now - d->log_refill) / TOKEN_EVERY;

	if (fresh) {
		d->log_refill = now;
		d->log_tokens -= min(fresh, d->log_tokens);
	}
	if (d->log_tokens >= TOKENS_MAX)
		return false;
	d->log_tokens++; /* counts used ones, so that zeroed memory is a full bucket */
	return true;
}

void log_guest(struct domain *d, enum log_level level, const char *fmt, ...)
{
	char prefix[24];
	va_list ap;

	if (level > log_limit(true) || !token_take(d))
		return;
	snprintf(prefix, sizeof(prefix), "(PVN) d%u: ", d->id);
	va_start(ap, fmt);
	emit(prefix, fmt, ap);
	va_end(ap);
}
