/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nmi.c on a fake system control port, and whom tlb.c asks to flush as its clock runs on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail

#include "lib/cpumask.h"
#include "x86/tlb.c" /* its clock is set here: 2^31 flushes take too long */

#define PORT 0x61

struct cpumask cpu_online_map = { { 3 } };
static u8 port, written;
static unsigned writes, asked, flushes;

u8 inb(u16 p)
{
	assert_int_equal(p, PORT);
	return port;
}

void outb(u16 p, u8 v)
{
	assert_int_equal(p, PORT);
	written = v;
	writes++;
}

u64 read_cr4(void)
{
	return CR4_PGE;
}

void write_cr4(u64 v)
{
	flushes += !(v & CR4_PGE);
}

void invlpg(u64 va)
{
}

/* The other CPU serves at once. */
void apic_send(unsigned cpu, u8 vector)
{
	unsigned self = fake_cpu;

	asked++;
	fake_cpu = cpu;
	tlb_serve(cpu);
	fake_cpu = self;
}

static void test_nmi_lines(void **state)
{
	port = 0x01; /* the speaker's gate: no reason, and nothing to write */
	assert_int_equal(nmi_reasons(), 0x01);
	assert_int_equal(writes, 0);
	port = 0x81;
	assert_int_equal(nmi_reasons(), 0x81);
	assert_int_equal(written, 0x05); /* SERR masked, the gate kept */
	port = 0x42;
	assert_int_equal(nmi_reasons(), 0x42);
	assert_int_equal(written, 0x0a);
	port = 0xc0;
	assert_int_equal(nmi_reasons(), 0xc0);
	assert_int_equal(written, 0x0c);
	assert_int_equal(writes, 3);
}

static bool others_asked(u32 stamp)
{
	asked = 0;
	tlb_flush_since(&cpu_online_map, stamp);
	return asked;
}

static void test_stamps(void **state)
{
	u32 stamp = tlb_stamp_now();

	assert_true(others_asked(stamp));
	assert_false(others_asked(stamp)); /* both flushed since */
	assert_true(others_asked(tlb_stamp_now()));
}

/* One CPU loads CR3 2^31 times while the other is idle: what it cached before counts as old. */
static void test_clock_runs_far(void **state)
{
	static const u64 far[] = { 1ul << 30, (1ul << 31) + 5, (1ul << 32) + 5, 5ul << 30 };

	for (unsigned i = 0; i < ARRAY_SIZE(far); i++) {
		tlb_flush(&cpu_online_map);
		tlb_clock += far[i];
		tlb_flush_local();
		assert_true(others_asked(tlb_stamp_now()));
		assert_false(others_asked(tlb_stamp_now() - 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nmi_lines),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_clock_runs_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
