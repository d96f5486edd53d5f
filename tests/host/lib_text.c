/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib: string, fmt, text and cmdline. The C library is the reference wherever it has the same
 * function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

#include "lib/cmdline.h"

void *hv_memcpy(void *to, const void *from, size_t n);
void *hv_memmove(void *to, const void *from, size_t n);
void *hv_memset(void *to, int c, size_t n);
int hv_memcmp(const void *a, const void *b, size_t n);
void *hv_memchr(const void *s, int c, size_t n);
size_t hv_strlen(const char *s);
size_t hv_strnlen(const char *s, size_t n);
int hv_strcmp(const char *a, const char *b);
int hv_strncmp(const char *a, const char *b, size_t n);
char *hv_strchr(const char *s, int c);
char *hv_strstr(const char *s, const char *part);
int hv_snprintf(char *buf, size_t size, const char *fmt, ...);
size_t strlcpy(char *to, const char *from, size_t size);
u64 parse_u64(const char *s, const char **end, unsigned base);

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_memory(void **state)
{
	u8 a[128], b[128], x[128];

	for (unsigned n = 0; n < 64; n++) {
		for (unsigned i = 0; i < 128; i++)
			a[i] = b[i] = x[i] = (u8)rand();
		assert_ptr_equal(hv_memcpy(a + 3, x + 60, n), a + 3);
		memcpy(b + 3, x + 60, n);
		assert_memory_equal(a, b, 128);
		assert_ptr_equal(hv_memset(a + 5, 0x1c7, n), a + 5);
		memset(b + 5, 0x1c7, n);
		assert_memory_equal(a, b, 128);
		for (unsigned to = 0; to < 40; to += 3) {
			assert_ptr_equal(hv_memmove(a + to, a + 20, n), a + to);
			memmove(b + to, b + 20, n);
			assert_memory_equal(a, b, 128);
		}
		b[n] ^= 0x80;
		assert_int_equal(sign(hv_memcmp(a, b, 128)), sign(memcmp(a, b, 128)));
		assert_int_equal(hv_memcmp(a, b, n), 0);
		assert_ptr_equal(hv_memchr(a, a[n], 128), memchr(a, a[n], 128));
		assert_null(hv_memchr(a, a[n], 0));
	}
}

static void test_strings(void **state)
{
	static const char *const s[] = { "", "a", "ab", "abc", "abd", "b", "\xff", "xabcx", "aab" };
	char to[4];

	for (unsigned i = 0; i < ARRAY_SIZE(s); i++) {
		assert_int_equal(hv_strlen(s[i]), strlen(s[i]));
		for (unsigned n = 0; n < 6; n++)
			assert_int_equal(hv_strnlen(s[i], n), strnlen(s[i], n));
		assert_ptr_equal(hv_strchr(s[i], 'b'), strchr(s[i], 'b'));
		assert_ptr_equal(hv_strchr(s[i], 0), strchr(s[i], 0));
		for (unsigned j = 0; j < ARRAY_SIZE(s); j++) {
			assert_int_equal(sign(hv_strcmp(s[i], s[j])), sign(strcmp(s[i], s[j])));
			assert_ptr_equal(hv_strstr(s[i], s[j]), strstr(s[i], s[j]));
			for (unsigned n = 0; n < 5; n++)
				assert_int_equal(sign(hv_strncmp(s[i], s[j], n)),
					sign(strncmp(s[i], s[j], n)));
		}
	}
	assert_int_equal(strlcpy(to, "abcdef", sizeof(to)), 6);
	assert_string_equal(to, "abc");
	assert_int_equal(strlcpy(to, "x", sizeof(to)), 1);
	assert_string_equal(to, "x");
	assert_int_equal(strlcpy(to, "yz", 0), 2);
	assert_string_equal(to, "x");
}

static void test_parse_u64(void **state)
{
	const char *end;

	assert_int_equal(parse_u64("1234x", &end, 10), 1234);
	assert_string_equal(end, "x");
	assert_int_equal(parse_u64("0xfFg", &end, 0), 255);
	assert_string_equal(end, "g");
	assert_int_equal(parse_u64("ff", NULL, 16), 255);
	assert_int_equal(parse_u64("017", NULL, 0), 15);
	assert_int_equal(parse_u64("0x", &end, 0), 0);
	assert_string_equal(end, "x");
	parse_u64("-1", &end, 0);
	assert_string_equal(end, "-1");
	assert_true(parse_u64("18446744073709551615", NULL, 10) == ~0ull);
	assert_true(parse_u64("18446744073709551616", NULL, 10) == ~0ull);
	assert_true(parse_u64("99999999999999999999999", &end, 10) == ~0ull);
	assert_string_equal(end, "");
}

/* Every combination of flags, width, precision and size, with edge values, against the C library.
 */
static void check_number(
	const char *flags, int width, int precision, const char *size, char conversion)
{
	static const long long values[] = { 0, 1, -1, 9, 10, 127, 128, 255, 256, -128, 32767,
		-32768, 65535, 65536, 2147483647LL, -2147483648LL, 4294967295LL,
		9223372036854775807LL, -9223372036854775807LL - 1 };
	char fmt[32], ours[128], theirs[128];

	if (precision >= 0)
		snprintf(fmt, sizeof(fmt), "<%%%s*.*%s%c>", flags, size, conversion);
	else
		snprintf(fmt, sizeof(fmt), "<%%%s*%s%c>", flags, size, conversion);
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		int n, m;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (precision >= 0) {
			n = hv_snprintf(ours, sizeof(ours), fmt, width, precision, values[i]);
			m = snprintf(theirs, sizeof(theirs), fmt, width, precision, values[i]);
		} else {
			n = hv_snprintf(ours, sizeof(ours), fmt, width, values[i]);
			m = snprintf(theirs, sizeof(theirs), fmt, width, values[i]);
		}
#pragma GCC diagnostic pop
		assert_string_equal(ours, theirs);
		assert_int_equal(n, m);
	}
}

static void test_fmt_numbers(void **state)
{
	static const char *const sizes[] = { "hh", "h", "", "l", "ll", "z", "t" };

	for (unsigned f = 0; f < 32; f++) {
		char flags[8];
		int n = 0;

		for (unsigned i = 0; i < 5; i++)
			if (f & 1u << i)
				flags[n++] = "-0+ #"[i];
		flags[n] = '\0';
		for (int width = -12; width <= 24; width += 6)
			for (int precision = -1; precision < 12; precision += 4)
				for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++)
					for (const char *c = "diuxXo"; *c; c++)
						check_number(flags, width, precision, sizes[s], *c);
	}
}

static void test_fmt_text(void **state)
{
	char ours[64], theirs[64];

#define SAME(...)                                                              \
	do {                                                                   \
		assert_int_equal(hv_snprintf(ours, sizeof(ours), __VA_ARGS__), \
			snprintf(theirs, sizeof(theirs), __VA_ARGS__));        \
		assert_string_equal(ours, theirs);                             \
	} while (0)
	SAME("plain");
	SAME("%s|%10s|%-10s|%.2s|%.0s|%5.1s", "abc", "abc", "abc", "abc", "abc", "abc");
	SAME("%c%5c%-5c|", 'x', 'y', 'z');
	SAME("100%% %p", (void *)0x1234abcd);
	SAME("%*d|%-*d|%.*d", 5, 42, 5, 42, 5, 42);
	SAME("a long one that does not fit: %s %s %s", "xxxxxxxxxxxxxxxxxxxxxx",
		"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", "z");
	assert_int_equal(hv_snprintf(ours, 0, "%d", 12345), 5);
	assert_int_equal(hv_snprintf(ours, 1, "%d", 12345), 5);
	assert_string_equal(ours, "");
	hv_snprintf(ours, sizeof(ours), "%s", (char *)NULL);
	assert_string_equal(ours, "(null)");
}

static char reported[256];

static void report(const char *name)
{
	strcat(strcat(reported, name), ";");
}

static void parse(const char *text)
{
	reported[0] = '\0';
	cmdline_parse(text);
	cmdline_report(report);
}

static void test_cmdline(void **state)
{
	parse("  console=com1,vga dom0_mem=512M,max:1G\tnoreboot  maxcpus=2 loglvl=all ");
	assert_string_equal(reported, "");
	assert_string_equal(opt.console, "com1,vga");
	assert_string_equal(opt.dom0_mem, "512M,max:1G");
	assert_string_equal(opt.loglvl, "all");
	assert_true(opt.noreboot);
	assert_int_equal(opt.maxcpus, 2);
	assert_string_equal(cmdline_text(),
		"  console=com1,vga dom0_mem=512M,max:1G\tnoreboot  maxcpus=2 loglvl=all ");

	parse("noreboot=0 no-smep smap=off maxcpus=0x10 bogus=1 wrong no-wrong maxcpus=zz "
	      "smep=perhaps no-com1");
	assert_false(opt.noreboot);
	assert_false(opt.smep);
	assert_false(opt.smap);
	assert_int_equal(opt.maxcpus, 16);
	assert_string_equal(reported, "bogus;wrong;no-wrong;maxcpus;smep;no-com1;");

	parse("no-smep=no smap=yes smap=disable smap=enable no-noreboot -- unknown=1");
	assert_true(opt.smep);
	assert_true(opt.smap);
	assert_false(opt.noreboot);
	assert_string_equal(reported, "");

	parse("");
	parse("=5 = --x");
	assert_string_equal(reported, ";;--x;");
}

static void test_cmdline_long(void **state)
{
	char text[4000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	parse(text);
	assert_int_equal(strlen(reported), 64);
	for (unsigned i = 0; i + 8 < sizeof(text); i += 4)
		memcpy(text + i, "a=b ", 4);
	parse(text);
	assert_int_equal(strlen(reported), 16 * 2);
	memcpy(text, "com1=", 5);
	memset(text + 5, '1', 200);
	text[205] = '\0';
	parse(text);
	assert_string_equal(reported, "com1;");
}

static void test_sizes(void **state)
{
	u64 n;

	assert_true(parse_size("512", &n) && n == 512 << 10);
	assert_true(parse_size("512k", &n) && n == 512 << 10);
	assert_true(parse_size("3M", &n) && n == 3 << 20);
	assert_true(parse_size("0x2G", &n) && n == 2ull << 30);
	assert_true(parse_size("1T", &n) && n == 1ull << 40);
	assert_true(parse_size("17b", &n) && n == 17);
	assert_false(parse_size("", &n));
	assert_false(parse_size("M", &n));
	assert_false(parse_size("5x", &n));
	assert_false(parse_size("5Mx", &n));
	assert_false(parse_size("18446744073709551615", &n));
	assert_false(parse_size("99999999999T", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_parse_u64),
		cmocka_unit_test(test_fmt_numbers),
		cmocka_unit_test(test_fmt_text),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_cmdline_long),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
