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

void *xengnttab_map_domain_grant_refs(
	xengnttab_handle *h, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
	uint32_t *at = malloc(count * 4096), i;

	assert_int_equal(domid, DOMAIN);
	for (i = 0; i < count; i++)
		at[i * 1024] = refs[i];
	maps++;
	mapped += count;
	return at;
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	mapped -= count;
	free(start);
	return 0;
}

/* What is in the page with the reference, after a request with that page. */
static uint32_t ref_of(struct persistent *p, uint32_t ref, uint64_t now)
{
	uint32_t *at;

	persistent_want(p, &ref, 1, now);
	at = (uint32_t *)persistent_page(p, ref, now);
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

/* A request's pages are mapped together, but for those that were there, and those it names twice.
 */
static void test_groups(void **state)
{
	uint32_t refs[50], i;

	for (i = 0; i < 50; i++)
		refs[i] = 1000 + i % 40;
	assert_int_equal(ref_of(*state, 1005, S), 1005);
	persistent_want(*state, refs, 20, S);
	assert_int_equal(maps, 2);
	assert_int_equal(mapped, 20);
	persistent_want(*state, refs, 50, S);
	assert_int_equal(maps, 3);
	assert_int_equal(mapped, 40);
	for (i = 0; i < 50; i++)
		assert_int_equal(*(uint32_t *)persistent_page(*state, refs[i], S), refs[i]);
	assert_null(persistent_page(*state, 999, S));
	assert_null(persistent_page(*state, 1040, S));
	for (i = 0; i < 50; i++)
		refs[i] = 2000 + i;
	persistent_want(*state, refs, 50, S);
	assert_int_equal(maps, 5);
	assert_int_equal(persistent_count(*state), 90);
}

/* While all are in use a new one has no room, and nothing is unmapped for it. */
static void test_no_room(void **state)
{
	uint32_t i;

	fill(*state, 10 * S);
	for (i = 0; i < 100; i++)
		assert_int_equal(ref_of(*state, 1 + i, 10 * S + S / 2), UINT32_MAX);
	assert_int_equal(maps, PERSISTENT_MAX);
	assert_int_equal(mapped, PERSISTENT_MAX);
}

/* The one that was not used for longest makes room, and is mapped anew when it comes back. */
static void test_oldest_makes_room(void **state)
{
	uint32_t refs[10], i;

	fill(*state, 10 * S);
	ref_of(*state, 0, 11 * S);
	for (i = 0; i < 10; i++)
		refs[i] = 1 + i;
	persistent_want(*state, refs, 10, 12 * S);
	assert_int_equal(mapped, PERSISTENT_MAX);
	assert_int_equal(maps, PERSISTENT_MAX + 1);
	for (i = 0; i < 10; i++)
		assert_int_equal(ref_of(*state, 1 + i, 12 * S), 1 + i);
	assert_int_equal(ref_of(*state, 0, 12 * S), 0);
	assert_int_equal(ref_of(*state, 11 * 512, 12 * S), 11 * 512);
	assert_int_equal(maps, PERSISTENT_MAX + 1);
	assert_int_equal(ref_of(*state, 512, 12 * S), 512);
	assert_int_equal(maps, PERSISTENT_MAX + 2);
}

/* Requests of any pages in any order: what is found is what was asked for. */
static void test_random(void **state)
{
	uint32_t refs[256], i, j, n, seed = 1, refused = 0;
	uint32_t *at;

	for (i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 16) % (i % 8 ? 11 : 256);
		for (j = 0; j < n; j++) {
			seed = seed * 1664525 + 1013904223;
			refs[j] = (seed >> 16) % (i & 1 ? 500 : 3000);
		}
		persistent_want(*state, refs, n, i * (S / 50));
		for (j = 0; j < n; j++) {
			at = (uint32_t *)persistent_page(*state, refs[j], i * (S / 50));
			if (at)
				assert_int_equal(*at, refs[j]);
			refused += !at;
		}
		assert_in_range(mapped, 1, PERSISTENT_MAX);
		assert_int_equal(mapped, persistent_count(*state));
	}
	assert_in_range(refused, 1, 500000);
	assert_true(maps > 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mapped_once, begin, end),
		cmocka_unit_test_setup_teardown(test_groups, begin, end),
		cmocka_unit_test_setup_teardown(test_no_room, begin, end),
		cmocka_unit_test_setup_teardown(test_oldest_makes_room, begin, end),
		cmocka_unit_test_setup_teardown(test_random, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
