/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that people write, error texts, the JSON writer, edit distance: the small pure parts of
 * tools/lib.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/lib/error.h"
#include "tools/lib/json.h"
#include "tools/lib/units.h"

static void test_memory(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "1x", "1mb", "99999999999999999999",
		"18446744073709551615t" };
	uint64_t kb;
	size_t i;

	assert_int_equal(parse_memory_kb("128", &kb), 0);
	assert_int_equal(kb, 128 * 1024);
	assert_int_equal(parse_memory_kb("1g", &kb), 0);
	assert_int_equal(kb, 1024 * 1024);
	assert_int_equal(parse_memory_kb("2048k", &kb), 0);
	assert_int_equal(kb, 2048);
	assert_int_equal(parse_memory_kb("1025b", &kb), 0);
	assert_int_equal(kb, 2);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!parse_memory_kb(bad[i], &kb))
			fail_msg("accepted \"%s\"", bad[i]);
}

static void test_rate(void **state)
{
	uint64_t bytes;
	uint32_t us;

	assert_int_equal(parse_rate("10Mb/s", &bytes, &us), 0);
	assert_int_equal(bytes, 62500);
	assert_int_equal(us, 50000);
	assert_int_equal(parse_rate("1MB/s@20ms", &bytes, &us), 0);
	assert_int_equal(bytes, 20000);
	assert_int_equal(us, 20000);
	assert_int_equal(parse_rate("1GB/s@1s", &bytes, &us), 0);
	assert_int_equal(bytes, 1000000000);
	assert_int_equal(parse_rate("0b/s", &bytes, &us), -1);
	assert_int_equal(parse_rate("1MB/s@", &bytes, &us), -1);
	assert_int_equal(parse_rate("1MB/s@0ms", &bytes, &us), -1);
	assert_int_equal(parse_rate("1MB", &bytes, &us), -1);
}

static void cpus(const char *text, unsigned int n, const char *printed)
{
	struct cpumap m;
	char out[128];

	assert_int_equal(parse_cpumap(text, &m), 0);
	format_cpumap(&m, n, out, sizeof(out));
	assert_string_equal(out, printed);
}

static void test_cpumaps(void **state)
{
	static const char *const bad[] = { "", "x", "3-1", "1-", "-1", "1,,2", "0-99999", "1;2",
		"nodes:0" };
	struct cpumap m;
	size_t i;

	cpus("all", 4, "all");
	cpus("0-3", 4, "all");
	cpus("0-3,^1", 4, "0,2-3");
	cpus("2", 4, "2");
	cpus("all,^0", 4, "1-3");
	cpus("7", 4, "none");
	cpus("0, 2", 4, "0,2");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!parse_cpumap(bad[i], &m))
			fail_msg("accepted \"%s\"", bad[i]);
}

static void test_uuid(void **state)
{
	uint8_t u[16];
	char out[37];

	assert_int_equal(parse_uuid("0b08c86f-fb1d-460c-954a-ae5260ee48e1", u), 0);
	format_uuid(u, out);
	assert_string_equal(out, "0b08c86f-fb1d-460c-954a-ae5260ee48e1");
	assert_int_equal(parse_uuid("0b08c86f-fb1d-460c-954a-ae5260ee48e", u), -1);
	assert_int_equal(parse_uuid("0b08c86ffb1d-460c-954a-ae5260ee48e1x", u), -1);
	assert_int_equal(parse_uuid("zb08c86f-fb1d-460c-954a-ae5260ee48e1", u), -1);
}

static void test_distance(void **state)
{
	assert_int_equal(text_distance("memory", "memory"), 0);
	assert_int_equal(text_distance("memroy", "memory"), 1);
	assert_int_equal(text_distance("vcpu", "vcpus"), 1);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_in_range(text_distance("kernel", "ramdisk"), 5, 7);
}

static void test_errors(void **state)
{
	struct error e = { 0 };
	char buf[2048];

	assert_int_equal(error_set(&e, ERR_NOMEM, "not enough memory"), -1);
	error_set(&e, ERR_FAIL, "a later one");
	error_state(&e, "nothing was created");
	error_advice(&e, "memory = %d", 64);
	error_in(&e, "cannot start \"%s\"", "web1");
	error_format(&e, buf, sizeof(buf));
	assert_string_equal(buf,
		"error: cannot start \"web1\": not enough memory\n  nothing was created\n"
		"  try: memory = 64\n  [PVN-E0501 no-memory]\n");
	assert_int_equal(error_exit_status(&e, false), 5);
	assert_int_equal(error_exit_status(&e, true), 3);
	error_clear(&e);
	error_set(&e, ERR_NOTFOUND, "x");
	assert_int_equal(error_exit_status(&e, false), 3);
	assert_int_equal(error_exit_status(&e, true), 1);
}

static void test_json(void **state)
{
	struct json j = { 0 };

	json_open(&j, NULL, '{');
	json_string(&j, "a\"b", "line\n\t\\ \x01");
	json_number(&j, "n", -5);
	json_empty(&j, "e");
	json_open(&j, "l", '[');
	json_number(&j, NULL, 1);
	json_defbool(&j, NULL, true);
	json_close(&j, ']');
	json_close(&j, '}');
	assert_string_equal(j.out.s,
		"{\n    \"a\\\"b\": \"line\\n\\t\\\\ \\u0001\",\n    \"n\": -5,\n    \"e\": {\n\n    },\n"
		"    \"l\": [\n        1,\n        \"True\"\n    ]\n}");
	text_free(&j.out);
}

static void test_files(void **state)
{
	char path[] = "/tmp/tools_units.XXXXXX";
	int fd = mkstemp(path);
	size_t len;
	char *text;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_replace(path, "hello", 5), 0);
	text = file_read(path, 100, &len);
	assert_string_equal(text, "hello");
	assert_int_equal(len, 5);
	free(text);
	assert_null(file_read(path, 4, &len));
	unlink(path);
	assert_null(file_read(path, 100, &len));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_cpumaps),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
