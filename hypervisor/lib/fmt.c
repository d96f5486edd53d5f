/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printf's formatting into a buffer, integers and text only. No state, no memory, no recursion. */
#include "lib/fmt.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size, length;
};

struct spec {
	bool left, zero, plus, space, alt, has_precision, upper;
	int width, precision, size; /* size: -2 hh, -1 h, 0 int, 1 long and all 64-bit ones */
};

static void put(struct out *o, char c)
{
	if (o->length + 1 < o->size)
		o->buf[o->length] = c;
	o->length++;
}

static void put_many(struct out *o, char c, int n)
{
	for (; n > 0; n--)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text, size_t n)
{
	int pad = s->width - (int)n;

	if (!s->left)
		put_many(o, ' ', pad);
	while (n--)
		put(o, *text++);
	if (s->left)
		put_many(o, ' ', pad);
}

/* prefix: "-", "0x", ... in front of the digits. */
static void put_number(
	struct out *o, const struct spec *s, u64 value, unsigned base, const char *prefix)
{
	const char *digits = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int n = 0, zeros, pad, prefix_length = (int)strlen(prefix);

	for (; value; value /= base)
		text[n++] = digits[value % base];
	zeros = s->has_precision ? s->precision - n : 1 - n;
	if (base == 8 && s->alt && zeros <= 0 && (n == 0 || text[n - 1] != '0'))
		zeros = 1;
	zeros = max(zeros, 0);
	pad = s->width - n - zeros - prefix_length;
	if (s->zero && !s->left && !s->has_precision && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!s->left)
		put_many(o, ' ', pad);
	while (*prefix)
		put(o, *prefix++);
	put_many(o, '0', zeros);
	while (n)
		put(o, text[--n]);
	if (s->left)
		put_many(o, ' ', pad);
}

static const char *parse_flags(const char *f, struct spec *s)
{
	for (;; f++) {
		switch (*f) {
		case '-': s->left = true; break;
		case '0': s->zero = true; break;
		case '+': s->plus = true; break;
		case ' ': s->space = true; break;
		case '#': s->alt = true; break;
		default: return f;
		}
	}
}

static const char *parse_int(const char *f, int *n)
{
	for (*n = 0; *f >= '0' && *f <= '9'; f++)
		*n = *n > 100000 ? *n : *n * 10 + (*f - '0');
	return f;
}

static const char *parse_length(const char *f, struct spec *s)
{
	for (;; f++) {
		if (*f == 'h')
			s->size--;
		else if (*f == 'l' || *f == 'z' || *f == 't' || *f == 'j')
			s->size = 1;
		else
			return f;
	}
}

/* va_list is an array type: passed on inside a struct so that va_arg in a callee moves the caller's
 * too. */
struct args {
	va_list ap;
};

static const char *parse_spec(const char *f, struct spec *s, struct args *a)
{
	f = parse_flags(f, s);
	if (*f == '*') {
		s->width = va_arg(a->ap, int);
		if (s->width < 0) {
			s->left = true;
			s->width = s->width < -100000 ? 100000 : -s->width;
		}
		f++;
	} else {
		f = parse_int(f, &s->width);
	}
	if (*f == '.') {
		f++;
		s->has_precision = true;
		if (*f == '*') {
			s->precision = va_arg(a->ap, int);
			s->has_precision = s->precision >= 0;
			f++;
		} else {
			f = parse_int(f, &s->precision);
		}
	}
	return parse_length(f, s);
}

static u64 next_unsigned(const struct spec *s, struct args *a)
{
	if (s->size > 0)
		return va_arg(a->ap, u64);
	if (s->size == 0)
		return va_arg(a->ap, u32);
	return s->size == -1 ? (u16)va_arg(a->ap, u32) : (u8)va_arg(a->ap, u32);
}

static void put_signed(struct out *o, const struct spec *s, struct args *a)
{
	s64 v;

	if (s->size > 0)
		v = va_arg(a->ap, s64);
	else if (s->size == 0)
		v = va_arg(a->ap, s32);
	else
		v = s->size == -1 ? (s16)va_arg(a->ap, s32) : (s8)va_arg(a->ap, s32);
	put_number(o, s, v < 0 ? -(u64)v : (u64)v, 10,
		v < 0	   ? "-"
		: s->plus  ? "+"
		: s->space ? " "
			   : "");
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	put_text(o, s, text, s->has_precision ? strnlen(text, (size_t)s->precision) : strlen(text));
}

static void put_conversion(struct out *o, struct spec *s, char conversion, struct args *a)
{
	char c;
	u64 v;

	switch (conversion) {
	case 'd':
	case 'i': put_signed(o, s, a); break;
	case 'u': put_number(o, s, next_unsigned(s, a), 10, ""); break;
	case 'o': put_number(o, s, next_unsigned(s, a), 8, ""); break;
	case 'X':
		s->upper = true;
		/* fall through */
	case 'x':
		v = next_unsigned(s, a);
		put_number(o, s, v, 16, !s->alt || !v ? "" : s->upper ? "0X" : "0x");
		break;
	case 'p': put_number(o, s, (u64)va_arg(a->ap, void *), 16, "0x"); break;
	case 'c':
		c = (char)va_arg(a->ap, int);
		put_text(o, s, &c, 1);
		break;
	case 's': put_string(o, s, va_arg(a->ap, const char *)); break;
	default:
		put(o, '%');
		if (conversion != '%')
			put(o, conversion);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct args a;

	va_copy(a.ap, ap);
	for (; *fmt; fmt++) {
		struct spec s = { 0 };

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &s, &a);
		if (!*fmt)
			break;
		put_conversion(&o, &s, *fmt, &a);
	}
	va_end(a.ap);
	if (size)
		buf[min(o.length, size - 1)] = '\0';
	return (int)o.length;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
