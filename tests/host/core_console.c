/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/console.c, log.c, trace.c, keys.c: the ring, guests' lines and their limits, input and its
 * switch, trace records, keys. */
#include "fake_machine.h"

#include <string.h>

#include "core/console.h"
#include "core/event.h"
#include "core/keys.h"
#include "core/log.h"
#include "core/trace.h"
#include "x86/upcalls.h"

static struct domain *control, *guest;

static const char *wires(void)
{
	fake_console[fake_console_length] = '\0';
	return fake_console;
}

static void wires_clear(void)
{
	fake_console_length = 0;
}

static void write_guest(struct domain *d, const char *text)
{
	assert_int_equal(console_guest_write(d, text, strlen(text)), 0);
}

static void test_ring(void **state)
{
	static char big[200000], text[200000];
	u32 index = 0;
	size_t n;

	console_ring_read(text, sizeof(text), &index, true, false);
	console_write("one\n", 4);
	n = console_ring_read(text, sizeof(text), &index, false, true);
	assert_int_equal(n, 4);
	assert_memory_equal(text, "one\n", 4);
	assert_int_equal(console_ring_read(text, sizeof(text), &index, false, true), 0);
	console_write("two\n", 4);
	assert_int_equal(console_ring_read(text, 2, &index, false, true), 2);
	assert_memory_equal(text, "tw", 2);
	assert_int_equal(console_ring_read(text, sizeof(text), &index, false, true), 2);
	n = console_ring_read(text, sizeof(text), &index, false, false);
	assert_int_equal(n, 8);
	assert_memory_equal(text, "one\ntwo\n", 8);
	/* more than it holds: the last 64 KiB stay */
	for (unsigned i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 26);
	console_write(big, sizeof(big));
	index = 12345;
	n = console_ring_read(text, sizeof(text), &index, true, false);
	assert_int_equal(n, 65536);
	assert_memory_equal(text, big + sizeof(big) - 65536, 65536);
	index = 0;
	assert_int_equal(console_ring_read(text, sizeof(text), &index, false, false), 0);
	wires_clear();
}

static void test_guest_lines(void **state)
{
	char line[300];

	fake_advance(fake_time + 10000000000ull);
	wires_clear();
	write_guest(guest, "hel");
	assert_string_equal(wires(), "");
	write_guest(guest, "lo\nnext\x1b[2J\r\n\n");
	assert_string_equal(wires(), "(d3) hello\n(d3) next[2J\n");
	wires_clear();
	write_guest(control, "raw \x1b text");
	assert_string_equal(wires(), "raw \x1b text");
	wires_clear();
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	write_guest(guest, line);
	assert_int_equal(strlen(wires()), 2 * (120 + 6));
	write_guest(guest, "\n");
	wires_clear();
}

static void test_guest_rate(void **state)
{
	for (unsigned i = 0; i < 2000; i++)
		write_guest(guest, "spam spam spam spam spam\n");
	assert_true(fake_console_length < 16384);
	wires_clear();
	write_guest(control, "not limited\n");
	assert_string_equal(wires(), "not limited\n");
	fake_advance(fake_time + 1000000000);
	wires_clear();
	write_guest(guest, "again\n");
	assert_string_equal(wires(), "(d3) [lines lost] again\n");
	wires_clear();
	for (unsigned i = 0; i < 1000; i++)
		log_guest(guest, LOG_WARN, "the guest does it again\n");
	assert_true(fake_console_length < 45 * 40);
	wires_clear();
}

static void test_log_levels(void **state)
{
	log_print(LOG_DEBUG, "shown %u\n", 5u);
	assert_string_equal(wires(), "(PVN) shown 5\n");
	wires_clear();
	log_raw("%300s|\n", "long"); /* cut, not overrun */
	assert_int_equal(fake_console_length, 255);
	wires_clear();
}

static unsigned key_pressed;

static void key_probe(void)
{
	key_pressed++;
}

static void type(const char *text)
{
	while (*text)
		upcall_console_input(*text++);
}

static void test_input(void **state)
{
	char got[300];
	u32 port;

	assert_int_equal(event_bind_virq(control, VIRQ_CONSOLE, 0, &port), 0);
	type("ab\x01");
	assert_true(event_port_pending(control, port));
	assert_int_equal(console_guest_read(got, 2), 2);
	assert_memory_equal(got, "ab", 2);
	assert_int_equal(console_guest_read(got, 10), 1);
	assert_int_equal(console_guest_read(got, 10), 0);
	key_register('y', "probe", key_probe);
	type("y\x01\x01y");
	assert_int_equal(key_pressed, 0); /* only three in a row */
	console_guest_read(got, sizeof(got));
	type("\x01\x01\x01");
	assert_int_equal(console_guest_read(got, sizeof(got)), 2); /* the first two went through */
	type("yy");
	assert_int_equal(key_pressed, 2);
	assert_int_equal(console_guest_read(got, sizeof(got)), 0);
	type("\x01\x01\x01z");
	assert_int_equal(console_guest_read(got, sizeof(got)), 1);
	for (unsigned i = 0; i < 1000; i++)
		type("x"); /* nobody reads: the rest is lost */
	assert_int_equal(console_guest_read(got, sizeof(got)), 128);
	wires_clear();
}

static void test_keys(void **state)
{
	keys_init();
	key_handle('h');
	assert_non_null(strstr(wires(), "  q  domains and vcpus\n"));
	wires_clear();
	for (const char *k = "qrmegT"; *k; k++)
		key_handle(*k);
	assert_non_null(strstr(wires(), "d3 refs"));
	assert_non_null(strstr(wires(), "frames: total"));
	wires_clear();
	key_handle('\x7f');
	key_handle('\xff');
	assert_non_null(strstr(wires(), "No debug key"));
	wires_clear();
}

static void test_trace(void **state)
{
	fake_cpu = 0;
	for (u64 i = 0; i < 5000; i++)
		trace(TRACE_unknown_hypercall, i, 0x1000 + i);
	assert_int_equal(fail_at(22, "some/file.c", 77), -22);
	fake_cpu = 1;
	fake_time += 2000;
	trace(TRACE_switch_to, 4, 1);
	fake_cpu = FAKE_OUTSIDE;
	trace(TRACE_switch_to, 9, 9); /* has no ring */
	wires_clear();
	trace_print_last(4);
	assert_non_null(strstr(wires(), "cpu1 switch to domain 4 vcpu 1\n"));
	assert_non_null(strstr(wires(), "cpu0 refused -22 at some/file.c:77\n"));
	assert_null(strstr(wires(), "domain 9"));
	assert_true(strstr(wires(), "cpu1") < strstr(wires(), "cpu0"));
	wires_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_guest_lines),
		cmocka_unit_test(test_guest_rate),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_trace),
	};

	fake_boot(2, 2048);
	control = dom0 = fake_domain(0, 1, true);
	guest = fake_domain(3, 1, true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
