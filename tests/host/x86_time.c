/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic: the TSC's scale, dates, sizes of extended state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#undef fail

#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/cpu.h"
#include "x86/hpet.h"
#include "x86/time.h"
#include "x86/xstate.h"
#include "x86_fakes.h"

struct acpi_info acpi_info;
struct cpu_features cpu_features;

u64 tsc_read(void)
{
	return 0;
}

u64 hpet_init(void)
{
	return 0;
}

u32 hpet_read(void)
{
	return 0;
}

static u64 timer_ns;

void apic_timer_set(u64 ns)
{
	timer_ns = ns;
}

void apic_timer_stop(void)
{
	timer_ns = ~0ull;
}

static const u64 frequencies[] = { 1000000, 25000000, 999999999, 1000000000, 1000000001, 2596126000,
	3000000000, 4294967296, 6123456789 };

/* A guest's deadline may be any number: what is asked of the APIC stays small enough to be turned
 * into ticks of any TSC and added to it. */
static void test_timer_far(void **state)
{
	static const u64 far[] = { 1ull << 40, 1ull << 63, 0x5555555555555556, 0xaaaaaaaaaaaaaaab,
		~1ull };

	for (unsigned i = 0; i < ARRAY_SIZE(far); i++) {
		timer_program(far[i]);
		assert_in_range(timer_ns, 1, 1ull << 40);
	}
	timer_program(5000);
	assert_in_range(timer_ns, 0, 5000);
	timer_program(0);
	assert_int_equal(timer_ns, 0);
	timer_program(~0ull);
	assert_true(timer_ns == ~0ull);
}

/* After a year of ticks the reading is within 2^-31 of the exact value. */
static void test_scale(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(frequencies); i++) {
		struct time_scale s = { .tsc_base = 12345, .ns_base = 1000000 };
		u64 hz = frequencies[i];

		time_scale_make(hz, &s.mul, &s.shift);
		assert_true(s.mul >> 31);
		for (u64 seconds = 1; seconds < 31536000; seconds *= 7) {
			u64 got = time_scale_ns(&s, s.tsc_base + seconds * hz),
			    want = seconds * 1000000000 + s.ns_base;
			u64 error = got > want ? got - want : want - got;

			assert_true(error <= (want >> 30) + 1);
		}
		assert_int_equal(time_scale_ns(&s, s.tsc_base), s.ns_base);
	}
}

static void test_scale_is_monotonic(void **state)
{
	struct time_scale s = { 0 };
	u64 last = 0;

	time_scale_make(2596126000, &s.mul, &s.shift);
	for (u64 tsc = 1ull << 40; tsc < (1ull << 40) + 100000; tsc++) {
		u64 now = time_scale_ns(&s, tsc);

		assert_true(now >= last);
		last = now;
	}
}

static void test_dates(void **state)
{
	srand(4);
	for (unsigned i = 0; i < 20000; i++) {
		struct tm tm = { .tm_year = 70 + rand() % 200,
			.tm_mon = rand() % 12,
			.tm_mday = 1 + rand() % 28,
			.tm_hour = rand() % 24,
			.tm_min = rand() % 60,
			.tm_sec = rand() % 60 };
		u64 got = time_of_date((u32)tm.tm_year + 1900, (u32)tm.tm_mon + 1, (u32)tm.tm_mday,
			(u32)tm.tm_hour, (u32)tm.tm_min, (u32)tm.tm_sec);

		assert_int_equal(got, timegm(&tm));
	}
	assert_int_equal(
		time_of_date(2028, 2, 29, 0, 0, 0) + 86400, time_of_date(2028, 3, 1, 0, 0, 0));
}

static void test_wallclock(void **state)
{
	u64 sec;
	u32 nsec;

	time_wallclock_set(1800000000, 500, 2000000600);
	time_wallclock_get(&sec, &nsec);
	assert_int_equal(sec, 1799999997);
	assert_int_equal(nsec, 999999900);
}

static void test_xstate(void **state)
{
	u8 *area = aligned_alloc(64, 576);

	assert_int_equal(xstate_size_of(3), 576);
	assert_true(xstate_size_of(7) >= 576);
	assert_int_equal(xstate_size(), 512); /* before any CPU told about XSAVE */
	assert_false(xstate_xcr0_valid(3));
	memset(area, 0xee, 576);
	xstate_init(area);
	assert_int_equal(area[0] | area[1] << 8, 0x37f);
	assert_int_equal(area[24] | area[25] << 8, 0x1f80);
	assert_int_equal(area[512], 0xee); /* not a byte more than its size */
	free(area);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer_far),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_scale_is_monotonic),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_wallclock),
		cmocka_unit_test(test_xstate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
