/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot loader information, good and hostile, and the memory map made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

#include "x86/efi.h"
#include "x86/memmap.h"
#include "x86/multiboot.h"
#include "x86_fakes.h"

#define BASE  0x9000u
#define BYTES 4096u

static struct boot_info info;

static void put32(u8 *to, u32 v)
{
	memcpy(to, &v, 4);
}

static void put64(u8 *to, u64 v)
{
	memcpy(to, &v, 8);
}

/* Multiboot 1 as QEMU's -kernel leaves it: image name before the command line, one module, three
 * ranges. */
static u8 *mb1_make(void)
{
	u8 *a = arena_new(BASE, BYTES);
	static const struct {
		u64 base, bytes;
		u32 type;
	} ranges[] = { { 0, 0x9fc00, 1 }, { 0x9fc00, 0x400, 2 }, { 0x100000, 0x7ff00000, 1 } };

	put32(a, 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	put32(a + 16, BASE + 512);
	put32(a + 20, 1);
	put32(a + 24, BASE + 256);
	put32(a + 44, 3 * 24);
	put32(a + 48, BASE + 1024);
	put32(a + 64, BASE + 640);
	put32(a + 256, 0x300000);
	put32(a + 260, 0x400000);
	put32(a + 264, BASE + 700);
	strcpy((char *)a + 512, "paravane.elf console=com1 x=y");
	strcpy((char *)a + 640, "qemu");
	strcpy((char *)a + 700, "vmlinuz root=/dev/sda");
	for (unsigned i = 0; i < 3; i++) {
		put32(a + 1024 + i * 24, 20);
		put64(a + 1028 + i * 24, ranges[i].base);
		put64(a + 1036 + i * 24, ranges[i].bytes);
		put32(a + 1044 + i * 24, ranges[i].type);
	}
	return a;
}

static void test_multiboot1(void **state)
{
	mb1_make();
	assert_int_equal(multiboot_parse(MULTIBOOT1_MAGIC, BASE, &info), 0);
	assert_string_equal(info.cmdline, "console=com1 x=y");
	assert_string_equal(info.loader, "qemu");
	assert_int_equal(info.module_count, 1);
	assert_int_equal(info.modules[0].start, 0x300000);
	assert_int_equal(info.modules[0].bytes, 0x100000);
	assert_string_equal(info.modules[0].cmdline, "root=/dev/sda");
	assert_int_equal(info.range_count, 3);
	assert_int_equal(info.ranges[2].bytes, 0x7ff00000);
}

static unsigned mb2_tag(u8 *a, unsigned at, u32 type, const void *data, u32 bytes)
{
	put32(a + at, type);
	put32(a + at + 4, bytes + 8);
	memcpy(a + at + 8, data, bytes);
	return at + (bytes + 8 + 7) / 8 * 8;
}

/* Multiboot 2 as GRUB leaves it for its Xen script. */
static u8 *mb2_make(void)
{
	u8 *a = arena_new(BASE, BYTES), map[8 + 2 * 24] = { 0 }, module[64] = { 0 };
	unsigned at = 8;

	put32(map, 24);
	put64(map + 8, 0x100000);
	put64(map + 16, 0x1000000);
	put32(map + 24, 1);
	put64(map + 32, 0x2000000);
	put64(map + 40, 0x1000);
	put32(map + 48, 20); /* the firmware's own type */
	put32(module, 0x5000);
	put32(module + 4, 0x5800);
	strcpy((char *)module + 8, "placeholder quiet");
	at = mb2_tag(a, at, 2, "GRUB 2.06", 10);
	at = mb2_tag(a, at, 1, "placeholder loglvl=all", 23);
	at = mb2_tag(a, at, 3, module, 26);
	at = mb2_tag(a, at, 6, map, sizeof(map));
	at = mb2_tag(a, at, 14, "RSD PTR \0BOCHS \0\0\0\0", 20);
	at = mb2_tag(a, at, 0, "", 0);
	put32(a, at);
	return a;
}

static void test_multiboot2(void **state)
{
	mb2_make();
	assert_int_equal(multiboot_parse(MULTIBOOT2_MAGIC, BASE, &info), 0);
	assert_string_equal(info.cmdline, "loglvl=all");
	assert_string_equal(info.modules[0].cmdline, "quiet");
	assert_int_equal(info.modules[0].bytes, 0x800);
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.ranges[1].type, 2);
	assert_int_equal(info.framebuffer.type, 0xff);
	assert_in_range(info.acpi_rsdp, BASE, BASE + BYTES);
}

static void test_grub_without_placeholder(void **state)
{
	u8 *a = mb2_make();

	memcpy(strstr((char *)a + 8 + 24 + 8, "placeholder"), "no-real-mod",
		11); /* in the command line's tag */
	assert_int_equal(multiboot_parse(MULTIBOOT2_MAGIC, BASE, &info), 0);
	assert_string_equal(info.cmdline, "no-real-mod loglvl=all");
}

static void test_unknown_magic(void **state)
{
	mb1_make();
	assert_int_equal(multiboot_parse(0x12345678, BASE, &info), -EINVAL);
	assert_int_equal(multiboot_parse(MULTIBOOT1_MAGIC, BASE + BYTES, &info), -EINVAL);
}

static void check_strings(void)
{
	assert_non_null(memchr(info.cmdline, 0, sizeof(info.cmdline)));
	assert_non_null(memchr(info.loader, 0, sizeof(info.loader)));
	assert_in_range(info.module_count, 0, BOOT_MAX_MODULES);
	assert_in_range(info.range_count, 0, BOOT_MAX_RANGES);
	for (unsigned i = 0; i < info.module_count; i++)
		assert_non_null(
			memchr(info.modules[i].cmdline, 0, sizeof(info.modules[i].cmdline)));
}

/* Broken in every single byte, and at random: an error or a sane result, never a step outside
 * (ASan) or an endless loop. */
static void test_hostile(void **state)
{
	unsigned good = 0, bad = 0;

	srand(1);
	for (unsigned round = 0; round < 40000; round++) {
		bool first = round & 1;
		u8 *a = first ? mb1_make() : mb2_make();

		a[round / 2 % 1200] ^= (u8)(1 << rand() % 8);
		for (int n = rand() % 4; n > 0; n--)
			a[rand() % 300] = (u8)rand();
		if (multiboot_parse(first ? MULTIBOOT1_MAGIC : MULTIBOOT2_MAGIC, BASE, &info)) {
			bad++;
			continue;
		}
		good++;
		check_strings();
	}
	assert_in_range(good, 100, 40000);
	assert_in_range(bad, 100, 40000);
}

static void test_too_many(void **state)
{
	u8 *a = mb1_make();

	put32(a + 20, BOOT_MAX_MODULES + 1);
	assert_int_equal(multiboot_parse(MULTIBOOT1_MAGIC, BASE, &info), -EINVAL);
	a = mb1_make();
	put32(a + 44, 0xffffffff);
	assert_int_equal(multiboot_parse(MULTIBOOT1_MAGIC, BASE, &info), -EINVAL);
}

/* ---- the memory map ---- */

#define UNITS 64

static u32 model[UNITS];

static void add(unsigned start, unsigned count, u32 type)
{
	info.ranges[info.range_count++] =
		(struct boot_range){ start * PAGE_SIZE, count * PAGE_SIZE, type };
	for (unsigned i = start; i < start + count; i++)
		model[i] = model[i] > type ? model[i] : type;
}

static void test_normalise_random(void **state)
{
	srand(2);
	for (unsigned round = 0; round < 2000; round++) {
		u32 seen[UNITS] = { 0 };

		memset(&info, 0, sizeof(info));
		memset(model, 0, sizeof(model));
		for (int n = rand() % 12; n >= 0; n--) {
			unsigned start = (unsigned)rand() % (UNITS - 1);

			add(start, 1 + (unsigned)rand() % (UNITS - start - 1), 1 + (u32)rand() % 5);
		}
		memmap_normalise(&info);
		for (unsigned i = 0; i < info.range_count; i++) {
			const struct boot_range *r = &info.ranges[i];

			if (i)
				assert_true(r->start >= r[-1].start + r[-1].bytes);
			for (u64 u = r->start / PAGE_SIZE; u < (r->start + r->bytes) / PAGE_SIZE;
				u++)
				seen[u] = r->type;
		}
		assert_memory_equal(seen, model, sizeof(seen));
	}
}

static void test_free_ranges(void **state)
{
	u64 frame = 0;

	memset(&info, 0, sizeof(info));
	info.ranges[0] = (struct boot_range){ 0, 0x9fc00, 1 };
	info.ranges[1] = (struct boot_range){ 0x100000, 0x8000000 - 0x100800,
		1 }; /* ends in the middle of a page */
	info.range_count = 2;
	info.module_count = 1;
	info.modules[0].start = 0x1000800;
	info.modules[0].bytes = 0x1000;
	memmap_reserve(0x200000, 0x100000);
	memmap_init(&info);
	assert_int_equal(memmap_next_free(&frame), 0x100);
	assert_int_equal(frame, 0x100);
	frame = 0x300;
	assert_int_equal(memmap_next_free(&frame), 0x1000 - 0x300);
	frame = 0x1000;
	assert_int_equal(memmap_next_free(&frame), 0x7fff - 0x1002);
	assert_int_equal(frame, 0x1002);
	frame = 0x7fff;
	assert_int_equal(memmap_next_free(&frame), 0);
	assert_int_equal(memmap_low_page(), 0x9e000);
	memmap_reserve(0x9d000, 0x2000);
	assert_int_equal(memmap_low_page(), 0x9c000);
	assert_int_equal(memmap_top(), 0x7fff800);
}

static void test_efi_hostile(void **state)
{
	srand(3);
	for (unsigned round = 0; round < 5000; round++) {
		u8 *a = arena_new(BASE, 1024);

		put64(a, 0x5453595320494249);
		put64(a + 24, BASE + 512);
		put64(a + 104, (u64)rand() % 300);
		put64(a + 112, BASE + (u64)rand() % 2048);
		memset(&info, 0, sizeof(info));
		info.efi_system_table = BASE;
		memset(&efi_info, 0, sizeof(efi_info));
		efi_init(&info);
		if (efi_info.there)
			assert_true(efi_info.config_count * 24 <= 1024);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_multiboot1),
		cmocka_unit_test(test_multiboot2),
		cmocka_unit_test(test_grub_without_placeholder),
		cmocka_unit_test(test_unknown_magic),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_normalise_random),
		cmocka_unit_test(test_free_ranges),
		cmocka_unit_test(test_efi_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
