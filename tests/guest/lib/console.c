// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the transcript goes: console_io in dom0; in a child domain, which may not use it, the
 * report pages that its builder maps (child.h). Text that does not fit there is cut off, never
 * wrapped.
 */
#include "console.h"
#include "child.h"
#include "hypercall.h"

struct sink {
	char *at, *end;
};

static void put(struct sink *s, char c)
{
	if (s->at < s->end)
		*s->at++ = c;
}

static void put_number(
	struct sink *s, u64 value, unsigned int base, int width, char pad, bool minus)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (minus)
		digits[n++] = '-';
	for (; width > n; width--)
		put(s, pad);
	while (n)
		put(s, digits[--n]);
}

static void put_string(struct sink *s, const char *text, int width)
{
	for (; *text; text++, width--)
		put(s, *text);
	for (; width > 0; width--)
		put(s, ' ');
}

static void put_signed(struct sink *s, s64 value, int width, char pad)
{
	put_number(s, value < 0 ? -(u64)value : (u64)value, 10, width, pad, value < 0);
}

size_t vformat(char *to, size_t size, const char *fmt, va_list args)
{
	struct sink s = { to, to + size - 1 };

	for (; *fmt; fmt++) {
		char pad = ' ';
		int width = 0;
		bool wide = false;

		if (*fmt != '%') {
			put(&s, *fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = '0';
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + *fmt - '0';
		for (; *fmt == 'l'; fmt++)
			wide = true;
		switch (*fmt) {
		case 'd':
			put_signed(&s, wide ? va_arg(args, s64) : va_arg(args, s32), width, pad);
			break;
		case 'u':
			put_number(&s, wide ? va_arg(args, u64) : va_arg(args, u32), 10, width, pad,
				false);
			break;
		case 'x':
			put_number(&s, wide ? va_arg(args, u64) : va_arg(args, u32), 16, width, pad,
				false);
			break;
		case 'p': put_number(&s, va_arg(args, u64), 16, 16, '0', false); break;
		case 's': put_string(&s, va_arg(args, const char *), width); break;
		case 'c': put(&s, va_arg(args, int)); break;
		default: put(&s, *fmt);
		}
	}
	*s.at = 0;
	return s.at - to;
}

size_t format(char *to, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = vformat(to, size, fmt, args);
	va_end(args);
	return n;
}

void print_raw(const char *text, size_t size)
{
	if (child_report)
		child_report_text(text, size);
	else
		HC(console_io, CONSOLEIO_write, size, text);
}

void print(const char *fmt, ...)
{
	char line[256];
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = vformat(line, sizeof(line), fmt, args);
	va_end(args);
	print_raw(line, n);
}
