/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages; see report.h. What guests can cause again and again is limited where it is caused
 * (quota.c, conn.c). */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool tracing;

static void say(const char *format, va_list args)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "xenstored: %s\n", line);
}

void report(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void trace(const char *format, ...)
{
	va_list args;

	if (!tracing)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void trace_set(bool on)
{
	tracing = on;
}

bool trace_on(void)
{
	return tracing;
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(1);
}
