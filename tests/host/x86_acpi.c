/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables: a small good set, then the same broken in every way that one byte can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

#include "x86/acpi.h"
#include "x86_fakes.h"

#define BASE  0xe0000u
#define BYTES 0x2000u
#define RSDT  (BASE + 0x100)
#define MADT  (BASE + 0x200)
#define FADT  (BASE + 0x400)
#define HPET  (BASE + 0x600)
#define MCFG  (BASE + 0x700)

static u8 *arena_at;

static u8 *at(u32 pa)
{
	return arena_at + (pa - BASE);
}

static void put32(u8 *to, u32 v)
{
	memcpy(to, &v, 4);
}

static void set_sum(u8 *t, u32 bytes, unsigned where)
{
	u8 total = 0;

	t[where] = 0;
	for (u32 i = 0; i < bytes; i++)
		total += t[i];
	t[where] = (u8)-total;
}

static void finish(u32 pa, const char *signature, u32 bytes)
{
	memcpy(at(pa), signature, 4);
	put32(at(pa) + 4, bytes);
	set_sum(at(pa), bytes, 9);
}

static void make_madt(void)
{
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,			   /* CPU 0 */
		0, 8, 1, 2, 1, 0, 0, 0,			   /* CPU 1, APIC id 2 */
		0, 8, 2, 4, 0, 0, 0, 0,			   /* disabled */
		1, 12, 5, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0, /* IO-APIC at 0xfec00000 */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,		   /* ISA 0 is GSI 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 13, 0,		   /* ISA 9: level, high */
	};

	put32(at(MADT) + 36, 0xfee00000);
	put32(at(MADT) + 40, 1);
	memcpy(at(MADT) + 44, entries, sizeof(entries));
	finish(MADT, "APIC", 44 + sizeof(entries));
}

static void make_all(void)
{
	static const u32 tables[] = { MADT, FADT, HPET, MCFG };

	arena_at = arena_new(BASE, BYTES);
	memcpy(at(BASE + 0x40), "RSD PTR ", 8);
	put32(at(BASE + 0x40) + 16, RSDT);
	set_sum(at(BASE + 0x40), 20, 8);
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++)
		put32(at(RSDT) + 36 + i * 4, tables[i]);
	finish(RSDT, "RSDT", 36 + sizeof(tables));
	make_madt();
	put32(at(FADT) + 64, 0x604); /* PM1a control */
	put32(at(FADT) + 76, 0x608); /* PM timer */
	at(FADT)[89] = 2;
	at(FADT)[91] = 4;
	finish(FADT, "FACP", 116);
	put32(at(HPET) + 44, 0xfed00000);
	finish(HPET, "HPET", 56);
	put32(at(MCFG) + 44, 0xb0000000);
	at(MCFG)[55] = 255;
	finish(MCFG, "MCFG", 60);
}

static void test_good(void **state)
{
	make_all();
	acpi_init(0);
	assert_int_equal(acpi_info.rsdp, BASE + 0x40);
	assert_int_equal(acpi_info.cpu_count, 2);
	assert_int_equal(acpi_info.cpus[1].apic_id, 2);
	assert_int_equal(acpi_info.ioapic_count, 1);
	assert_int_equal(acpi_info.ioapics[0].address, 0xfec00000);
	assert_int_equal(acpi_info.isa[0].gsi, 2);
	assert_int_equal(acpi_info.isa[1].gsi, 1);
	assert_true(acpi_info.isa[9].level);
	assert_false(acpi_info.isa[9].active_low);
	assert_true(acpi_info.pcat_compat);
	assert_int_equal(acpi_info.pm1a_control.address, 0x604);
	assert_int_equal(acpi_info.pm1a_control.width, 16);
	assert_int_equal(acpi_info.pm_timer_port, 0x608);
	assert_int_equal(acpi_info.hpet_address, 0xfed00000);
	assert_int_equal(acpi_info.ecam_count, 1);
	assert_int_equal(acpi_info.ecam[0].bus_last, 255);
	assert_false(acpi_info.reset_supported);
}

/* A FADT of revision 5, by the specification's offsets: generic addresses win over the old ports.
 */
static void test_long_fadt(void **state)
{
	static const u8 reset[12] = { 1, 8, 0, 1, 0xf9, 0x0c },
			control[12] = { 1, 16, 0, 2, 0x04, 0x06 };

	make_all();
	put32(at(FADT) + 64, 0xb004);
	at(FADT)[109] = 2; /* an 8042 */
	put32(at(FADT) + 112, 1 << 10);
	memcpy(at(FADT) + 116, reset, 12);
	at(FADT)[128] = 0x0f;
	memcpy(at(FADT) + 172, control, 12);
	finish(FADT, "FACP", 268);
	acpi_init(0);
	assert_true(acpi_info.reset_supported);
	assert_int_equal(acpi_info.reset.address, 0xcf9);
	assert_int_equal(acpi_info.reset_value, 0x0f);
	assert_int_equal(acpi_info.pm1a_control.address, 0x604);
	assert_int_equal(acpi_info.pm1a_control.width, 16);
	assert_int_equal(acpi_info.pm1b_control.address, 0);
	assert_int_equal(acpi_info.sleep_control.address, 0);
	assert_true(acpi_info.has_8042);
	assert_false(acpi_info.hw_reduced);
}

static void test_nothing(void **state)
{
	arena_new(BASE, BYTES);
	acpi_init(0);
	assert_int_equal(acpi_info.rsdp, 0);
	assert_int_equal(acpi_info.cpu_count, 0);
	assert_int_equal(acpi_info.isa[7].gsi, 7);
}

static void test_bad_checksum(void **state)
{
	make_all();
	at(MADT)[50] ^= 1;
	fake_log_lines = 0;
	acpi_init(0);
	assert_int_equal(acpi_info.cpu_count, 0);
	assert_int_equal(acpi_info.hpet_address, 0xfed00000); /* the others count */
	assert_int_equal(fake_log_lines, 1);
}

static void resum(void)
{
	static const u32 tables[] = { RSDT, MADT, FADT, HPET, MCFG };

	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		u32 bytes;

		memcpy(&bytes, at(tables[i]) + 4, 4);
		if (bytes >= 36 && bytes <= BYTES - (tables[i] - BASE))
			set_sum(at(tables[i]), bytes, 9);
	}
	set_sum(at(BASE + 0x40), 20, 8);
}

static void check(void)
{
	assert_in_range(acpi_info.cpu_count, 0, NR_CPUS);
	assert_in_range(acpi_info.ioapic_count, 0, ACPI_MAX_IOAPICS);
	assert_in_range(acpi_info.ecam_count, 0, ACPI_MAX_ECAM);
}

/* Each byte of each table set to hostile values, checksums right again, so that the parsers see it.
 */
static void test_hostile(void **state)
{
	static const u8 values[] = { 0, 1, 2, 7, 8, 0x7f, 0x80, 0xff };

	for (u32 pa = BASE + 0x40; pa < MCFG + 64; pa++) {
		for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
			make_all();
			*at(pa) = values[i];
			resum();
			acpi_init(0);
			check();
		}
	}
}

static void test_many_cpus(void **state)
{
	arena_at = arena_new(BASE, BYTES);
	make_all();
	for (unsigned i = 0; i < 300; i++) { /* x2APIC entries */
		u8 *e = at(BASE + 0x800) + 44 + i * 16;

		e[0] = 9;
		e[1] = 16;
		put32(e + 4, i);
		put32(e + 8, 1);
	}
	finish(BASE + 0x800, "APIC", 44 + 300 * 16);
	put32(at(RSDT) + 36, BASE + 0x800);
	resum();
	acpi_init(0);
	assert_int_equal(acpi_info.cpu_count, NR_CPUS);
	assert_int_equal(acpi_info.cpus[255].apic_id, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_long_fadt),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_bad_checksum),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
