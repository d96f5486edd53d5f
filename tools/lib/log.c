/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines and progress lines on standard error. Single-threaded: every program of tools/ is.
 */
#include "tools/lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;
static bool journal, shown;

void log_open(enum log_level level, bool daemon)
{
	threshold = level;
	journal = daemon && getenv("JOURNAL_STREAM");
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > threshold)
		return;
	progress_end();
	if (journal)
		fprintf(stderr, "<%d>", level);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void progress(const char *fmt, ...)
{
	static char last[160];
	char line[sizeof(last)];
	va_list ap;

	if (threshold < LOG_INFO || !isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (shown && !strcmp(line, last))
		return;
	memcpy(last, line, sizeof(last));
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
	shown = true;
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
