/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that stay mapped: how many at most, and which one makes room. The guest grants whatever is
 * asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "blkback/persistent.h"
#include "tools/lib/backend.h"

#define S      1000000000ull
#define DOMAIN 7

static unsigned int maps, mapped;

xengnttab_handle *backend_gnttab(void)
{
	return NULL;
}

void *xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{
	uint32_t *at = malloc(4096);

	assert_int_equal(domid, DOMAIN);
	*at = ref;
	maps++;
	mapped++;
	return at;
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	assert_int_equal(count, 1);
	mapped--;
	free(start);
	return 0;
}

static uint32_t ref_of(struct persistent *p, uint32_t ref, uint64_t now)
{
	uint32_t *at = (uint32_t *)persistent_page(p, ref, now);

	return at ? *at : UINT32_MAX;
}

static int begin(void **state)
{
	maps = mapped = 0;
	*state = persistent_start(DOMAIN);
	return 0;
}

static int end(void **state)
{
	persistent_end(*state);
	assert_int_equal(mapped, 0);
	return 0;
}

static void fill(struct persistent *p, uint64_t now)
{
	uint32_t i;

	for (i = 0; i < PERSISTENT_MAX; i++)
		assert_int_equal(ref_of(p, i * 512, now), i * 512);
}

/* Many have the same hash here. */
static void test_mapped_once(void **state)
{
	fill(*state, S);
	fill(*state, 2 * S);
	assert_int_equal(maps, PERSISTENT_MAX);
	assert_int_equal(persistent_count(*state), PERSISTENT_MAX);
}

/* While all are in use a new one has no room, and nothing is unmapped for it. */
static void test_no_room(void **state)
{
	uint32_t i;

	fill(*state, 10 * S);
	for (i = 0; i < 100; i++)
		assert_null(persistent_page(*state, 1 + i, 10 * S + S / 2));
	assert_int_equal(maps, PERSISTENT_MAX);
	assert_int_equal(mapped, PERSISTENT_MAX);
}

/* The one that was not used for longest makes room, and is mapped anew when it comes back. */
static void test_oldest_makes_room(void **state)
{
	uint32_t i;

	fill(*state, 10 * S);
	ref_of(*state, 0, 11 * S);
	for (i = 0; i < 10; i++)
		assert_int_equal(ref_of(*state, 1 + i, 12 * S), 1 + i);
	assert_int_equal(mapped, PERSISTENT_MAX);
	assert_int_equal(maps, PERSISTENT_MAX + 10);
	assert_int_equal(ref_of(*state, 0, 12 * S), 0);
	assert_int_equal(ref_of(*state, 11 * 512, 12 * S), 11 * 512);
	assert_int_equal(maps, PERSISTENT_MAX + 10);
	assert_int_equal(ref_of(*state, 512, 12 * S), 512);
	assert_int_equal(maps, PERSISTENT_MAX + 11);
}

/* Any order of uses: what is found is what was asked for. */
static void test_random(void **state)
{
	uint32_t i, ref, seed = 1, refused = 0;

	for (i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		ref = seed >> 16;
		ref = ref % (ref & 1 ? 500 : 3000);
		if (!persistent_page(*state, ref, i * (S / 10000)))
			refused++;
		else
			assert_int_equal(ref_of(*state, ref, i * (S / 10000)), ref);
		assert_in_range(mapped, 1, PERSISTENT_MAX);
	}
	assert_in_range(refused, 1, 199999);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mapped_once, begin, end),
		cmocka_unit_test_setup_teardown(test_no_room, begin, end),
		cmocka_unit_test_setup_teardown(test_oldest_makes_room, begin, end),
		cmocka_unit_test_setup_teardown(test_random, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
