/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fuzzer's kept corpus, and mutations of it from a fixed seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/xenstore.h"

#define CORPUS	  "tests/fuzz/corpus/xenstore"
#define MUTATIONS 20
#define SIZE	  4096

static uint32_t seed;

static uint32_t draw(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static void mutate(uint8_t *data, size_t len)
{
	for (uint32_t n = draw() % 6 + 1; n && len; n--)
		data[draw() % len] = draw() % 3 ? (uint8_t)draw()
						: (uint8_t) "\0\x40\x7f\x80/@T\x0a"[draw() % 8];
}

static void replay(const char *name)
{
	static uint8_t data[SIZE], copy[SIZE];
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	fuzz_xenstore(data, len);
	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(copy, data, len);
		mutate(copy, len);
		fuzz_xenstore(copy, len);
	}
}

static void corpus(void **state)
{
	DIR *d = opendir(CORPUS);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		replay(e->d_name);
		n++;
	}
	closedir(d);
	assert_true(n > 20);
}

static void noise(void **state)
{
	static uint8_t data[512];

	for (int i = 0; i < 1000; i++) {
		size_t len = draw() % sizeof(data);

		for (size_t k = 0; k < len; k++)
			data[k] = (uint8_t)draw();
		fuzz_xenstore(data, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(corpus), cmocka_unit_test(noise) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
