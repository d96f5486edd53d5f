/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console daemon's pure parts: rings with indices that a guest may set as it likes, and logs
 * that stay under their cap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/console/logfile.h"
#include "tools/console/ring.h"

static struct xencons_interface R;

static void test_take(void **state)
{
	char buf[4096];

	memset(&R, 0, sizeof(R));
	assert_int_equal(ring_take(&R, buf, sizeof(buf)), 0);
	memcpy(R.out, "hello", 5);
	R.out_prod = 5;
	assert_int_equal(ring_take(&R, buf, 3), 3);
	assert_memory_equal(buf, "hel", 3);
	assert_int_equal(ring_take(&R, buf, sizeof(buf)), 2);
	assert_int_equal(R.out_cons, 5);
}

static void test_take_wraps(void **state)
{
	char buf[4096];

	memset(&R, 0, sizeof(R));
	R.out_cons = 0xfffffffe;
	R.out_prod = 2;
	R.out[sizeof(R.out) - 2] = 'a';
	R.out[sizeof(R.out) - 1] = 'b';
	R.out[0] = 'c';
	R.out[1] = 'd';
	assert_int_equal(ring_take(&R, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "abcd", 4);
	R.out_prod = R.out_cons + sizeof(R.out);
	assert_int_equal(ring_take(&R, buf, sizeof(buf)), sizeof(R.out));
}

static void test_hostile(void **state)
{
	char buf[4096];

	memset(&R, 0, sizeof(R));
	R.out_prod = sizeof(R.out) + 1;
	assert_int_equal(ring_take(&R, buf, sizeof(buf)), -1);
	R.out_prod = 0x80000000;
	assert_int_equal(ring_take(&R, buf, sizeof(buf)), -1);
	R.in_prod = 5;
	R.in_cons = 6;
	assert_int_equal(ring_give(&R, "x", 1), -1);
	assert_int_equal(ring_room(&R), 0);
}

static void test_give(void **state)
{
	char big[2000];

	memset(&R, 0, sizeof(R));
	memset(big, 'z', sizeof(big));
	assert_int_equal(ring_room(&R), sizeof(R.in));
	assert_int_equal(ring_give(&R, big, sizeof(big)), sizeof(R.in));
	assert_int_equal(ring_room(&R), 0);
	assert_int_equal(ring_give(&R, big, 1), 0);
	R.in_cons += 10;
	assert_int_equal(ring_give(&R, "0123456789abc", 13), 10);
	assert_memory_equal((char *)R.in, "0123456789z", 11);
}

static void test_log(void **state)
{
	char dir[] = "/tmp/tools_console.XXXXXX", path[128], line[100];
	struct logfile l;
	struct stat st;
	int i;

	assert_non_null(mkdtemp(dir));
	memset(line, 'x', sizeof(line));
	logfile_open(&l, dir, "guest-a/../b c", 1000);
	for (i = 0; i < 55; i++)
		logfile_write(&l, line, sizeof(line));
	snprintf(path, sizeof(path), "%s/guest-a_.._b_c.log", dir);
	assert_string_equal(l.path, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 500);
	logfile_close(&l);
	unlink(path);
	snprintf(path, sizeof(path), "%s/guest-a_.._b_c.log.1", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1000);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_take_wraps),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_give),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
