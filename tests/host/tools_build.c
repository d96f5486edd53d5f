/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain builder's pure parts: unpacking, ELF and notes, layout, page tables, on good images
 * made here and on damaged ones; and the sandboxed step as a whole on files.
 */
#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>
#include <xen/elfnote.h>

#include "tools/build/cache.h"
#include "tools/build/image.h"
#include "tools/build/kernel.h"
#include "tools/build/layout.h"
#include "tools/build/sandbox.h"
#include "tools/build/tables.h"

#define VIRT_BASE   0xffffffff80000000UL
#define LOAD	    0x1000000UL
#define TEXT_OFFSET 0x1000
#define TEXT_SIZE   0x2800
#define IMAGE_SIZE  (TEXT_OFFSET + TEXT_SIZE)
#define OUT_MAX	    (4UL << 20)

static uint8_t image[IMAGE_SIZE];
static uint8_t out[OUT_MAX];
static struct kernel K;
static struct error E;

static uint8_t *add_note(uint8_t *p, uint32_t type, const void *desc, uint32_t len)
{
	Elf64_Nhdr h = { 4, len, type };

	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), "Xen", 4);
	memcpy(p + sizeof(h) + 4, desc, len);
	return p + sizeof(h) + 4 + ((len + 3) & ~3U);
}

static uint8_t *add_number(uint8_t *p, uint32_t type, uint64_t value)
{
	return add_note(p, type, &value, 8);
}

/* A small kernel as Linux describes itself: one segment, notes inside it. */
static void make_image(bool own_p2m, bool mod_pfn)
{
	Elf64_Ehdr h = { .e_ident = ELFMAG,
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = 1,
		.e_entry = VIRT_BASE + LOAD,
		.e_phoff = 64,
		.e_ehsize = 64,
		.e_phentsize = 56,
		.e_phnum = 2 };
	Elf64_Phdr ph[2] = {
		{ PT_LOAD, 7, TEXT_OFFSET, VIRT_BASE + LOAD, LOAD, TEXT_SIZE, 0x9000, 0x1000 },
		{ PT_NOTE, 4, TEXT_OFFSET + 0x100, 0, 0, 0, 0, 4 },
	};
	uint8_t *notes = image + TEXT_OFFSET + 0x100, *p = notes;

	memset(image, 0, sizeof(image));
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	p = add_note(p, XEN_ELFNOTE_GUEST_OS, "linux", 6);
	p = add_number(p, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	p = add_number(p, XEN_ELFNOTE_ENTRY, VIRT_BASE + LOAD + 0x40);
	p = add_number(p, XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + LOAD + 0x1000);
	if (own_p2m)
		p = add_number(p, XEN_ELFNOTE_INIT_P2M, 0x8000000000UL);
	if (mod_pfn)
		p = add_note(p, XEN_ELFNOTE_MOD_START_PFN, "\1\0\0", 4);
	ph[1].p_filesz = p - notes;
	memcpy(image, &h, sizeof(h));
	memcpy(image + 64, ph, sizeof(ph));
	image[TEXT_OFFSET + TEXT_SIZE - 1] = 0x5a;
}

static int parse(void)
{
	memset(&E, 0, sizeof(E));
	return kernel_parse(image, sizeof(image), &K, &E);
}

static void refused(const char *words)
{
	assert_int_equal(parse(), -1);
	if (!strstr(E.what, words))
		fail_msg("\"%s\" is not in: %s", words, E.what);
}

static void test_parse(void **state)
{
	make_image(true, true);
	assert_int_equal(parse(), 0);
	assert_int_equal(K.segments, 1);
	assert_int_equal(K.low, LOAD);
	assert_int_equal(K.high, LOAD + 0x9000);
	assert_int_equal(K.entry, VIRT_BASE + LOAD + 0x40);
	assert_int_equal(K.hypercall_page, VIRT_BASE + LOAD + 0x1000);
	assert_int_equal(K.init_p2m, 0x8000000000UL);
	assert_true(K.mod_start_pfn);
	assert_string_equal(K.guest_os, "linux");
	make_image(false, false);
	assert_int_equal(parse(), 0);
	assert_int_equal(K.init_p2m, KERNEL_NONE);
	assert_false(K.mod_start_pfn);
}

static void patch64(size_t at, uint64_t v)
{
	memcpy(image + at, &v, 8);
}

static void test_refusals(void **state)
{
	make_image(true, true);
	image[EI_CLASS] = ELFCLASS32;
	refused("not for 64-bit x86");
	make_image(true, true);
	patch64(32, IMAGE_SIZE);
	refused("program headers are outside");
	make_image(true, true);
	patch64(64 + 32, IMAGE_SIZE);
	refused("segment 0 of the kernel is outside the file");
	make_image(true, true);
	patch64(64 + 8, UINT64_MAX - 10);
	refused("segment 0 of the kernel is outside the file");
	make_image(true, true);
	patch64(64 + 40, 1UL << 40);
	refused("no sensible place or size");
	make_image(true, true);
	patch64(64 + 24, UINT64_MAX - 0x1000);
	refused("no sensible place or size");
	make_image(true, true);
	image[64 + 56] = PT_NULL;
	refused("no Xen notes");
	make_image(true, true);
	patch64(TEXT_OFFSET + 0x100 + 12 + 4 + 8 + 16, VIRT_BASE + 0x1000);
	refused("VIRT_BASE");
	make_image(true, true);
	patch64(TEXT_OFFSET + 0x100 + 12 + 4 + 8 + 16, 0xffff800000000000UL);
	refused("VIRT_BASE");
}

/* The whole space of one-byte damage to headers and notes: refused, or accepted with everything in
 * its bounds. */
static void test_damaged(void **state)
{
	int accepted = 0, total = 0, v;
	struct layout l;
	size_t i;

	for (i = 0; i < TEXT_OFFSET + 0x220; i += i < 176 || i >= TEXT_OFFSET ? 1 : 64) {
		for (v = 1; v < 256; v <<= 1) {
			make_image(true, true);
			image[i] ^= v;
			total++;
			if (parse())
				continue;
			accepted++;
			memset(&E, 0, sizeof(E));
			assert_int_equal(kernel_check(&K, sizeof(image), &E), 0);
			if (!layout_plan(&K, 32768, 1 << 20, &l, &E))
				assert_true(l.end_pfn <= 32768 && l.mapped_pages <= 32768);
		}
	}
	assert_in_range(accepted, 1, total - 1);
}

static void test_truncated(void **state)
{
	size_t n;

	make_image(true, true);
	for (n = 0; n < sizeof(image); n += n < 600 ? 1 : 97) {
		uint8_t *copy = malloc(n ? n : 1);

		memcpy(copy, image, n);
		memset(&E, 0, sizeof(E));
		assert_int_equal(kernel_parse(copy, n, &K, &E), -1);
		assert_int_equal(E.kind, ERR_KERNEL);
		free(copy);
	}
}

static int unpack(const uint8_t *in, size_t len)
{
	const uint8_t *elf;
	size_t elf_len;

	memset(&E, 0, sizeof(E));
	if (image_unpack(in, len, out, sizeof(out), &elf, &elf_len, &E))
		return -1;
	assert_int_equal(elf_len, IMAGE_SIZE);
	assert_memory_equal(elf, image, IMAGE_SIZE);
	return 0;
}

static size_t pack(const char *how, uint8_t *to, size_t room)
{
	z_stream z = {
		.next_in = image, .avail_in = IMAGE_SIZE, .next_out = to, .avail_out = room
	};
	size_t n = 0;
	int k;

	if (!strcmp(how, "gzip")) {
		deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
		deflate(&z, Z_FINISH);
		n = z.total_out;
		deflateEnd(&z);
	} else if (!strcmp(how, "xz")) {
		lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, image, IMAGE_SIZE, to, &n, room);
	} else if (!strcmp(how, "zstd")) {
		n = ZSTD_compress(to, room, image, IMAGE_SIZE, 1);
	} else {
		k = LZ4_compress_default((char *)image, (char *)to + 8, IMAGE_SIZE, room - 8);
		memcpy(to, "\x02\x21\x4c\x18", 4);
		memcpy(to + 4, &k, 4);
		n = k + 8;
	}
	return n;
}

/* As the kernel's build does it: setup sectors, header fields, the payload and its unpacked length.
 */
static size_t make_bzimage(const char *how, uint8_t *to, size_t room)
{
	uint32_t offset = 0x200, size = IMAGE_SIZE, length;
	size_t n = pack(how, to + 1024 + offset, room - 1024 - offset);

	memset(to, 0, 1024 + offset);
	memcpy(to + 1024 + offset + n, &size, 4);
	length = n + 4;
	to[0x1f1] = 1;
	memcpy(to + 0x202, "HdrS\x0f\x02", 6);
	memcpy(to + 0x248, &offset, 4);
	memcpy(to + 0x24c, &length, 4);
	return 1024 + offset + length;
}

static void test_formats(void **state)
{
	static const char *const all[] = { "gzip", "xz", "zstd", "lz4" };
	static uint8_t file[65536];
	size_t i, n, cut;

	make_image(true, true);
	assert_int_equal(unpack(image, IMAGE_SIZE), 0);
	for (i = 0; i < 4; i++) {
		n = make_bzimage(all[i], file, sizeof(file));
		if (unpack(file, n))
			fail_msg("%s: %s", all[i], E.what);
		/* Behind the payload there is more in real files. */
		assert_int_equal(unpack(file, n + 100), 0);
		for (cut = 1; cut < n; cut += 37)
			assert_int_equal(unpack(file, n - cut), -1);
		n = pack(all[i], file, sizeof(file));
		assert_int_equal(unpack(file, n), 0);
		assert_int_equal(unpack(file, n - 1 - n / 4), -1);
	}
}

static void test_damaged_packed(void **state)
{
	static const char *const all[] = { "gzip", "xz", "zstd", "lz4" };
	static uint8_t file[65536], bad[65536];
	const uint8_t *elf;
	size_t i, n, at, elf_len;
	int refused_count = 0;

	make_image(true, true);
	for (i = 0; i < 4; i++) {
		n = make_bzimage(all[i], file, sizeof(file));
		for (at = 0; at < n;
			at += at >= 1024 + 0x200 || (at >= 0x1f0 && at < 0x250) ? 1 : 61) {
			memcpy(bad, file, n);
			bad[at] ^= 1 << (at % 8);
			memset(&E, 0, sizeof(E));
			if (!image_unpack(bad, n, out, sizeof(out), &elf, &elf_len, &E))
				kernel_parse(elf, elf_len, &K, &E);
			else
				refused_count++;
		}
	}
	assert_in_range(refused_count, 100, 100000);
}

static void test_bomb(void **state)
{
	uint8_t *zeros = calloc(1, 16 << 20), *packed = malloc(1 << 20);
	const uint8_t *elf;
	uLongf n = 1 << 20;
	size_t elf_len;
	z_stream z = { .next_in = zeros, .avail_in = 16 << 20, .next_out = packed, .avail_out = n };

	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out;
	deflateEnd(&z);
	memset(&E, 0, sizeof(E));
	assert_int_equal(image_unpack(packed, n, out, sizeof(out), &elf, &elf_len, &E), -1);
	assert_non_null(strstr(E.what, "unpacks to more than"));
	free(zeros);
	free(packed);
}

static void check_no_overlap(const struct layout *l, const struct kernel *k)
{
	struct {
		uint64_t from, pages;
	} p[] = {
		{ k->low >> 12, (k->high - k->low) >> 12 },
		{ l->ramdisk_pfn, l->ramdisk_pages },
		{ l->p2m_pfn, l->p2m_pages },
		{ l->p2m_tables_pfn, l->p2m_tables },
		{ l->start_info_pfn, 1 },
		{ l->store_pfn, 1 },
		{ l->console_pfn, 1 },
		{ l->tables_pfn, l->tables },
		{ l->stack_pfn, 1 },
	};
	size_t i, j;

	for (i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		assert_true(p[i].from + p[i].pages <= l->pages);
		for (j = 0; j < i; j++)
			if (p[i].pages && p[j].pages)
				assert_true(p[i].from >= p[j].from + p[j].pages ||
					    p[j].from >= p[i].from + p[i].pages);
	}
}

static void test_layout(void **state)
{
	static const uint64_t sizes[] = { 64, 128, 1000, 4096, 65536 },
			      ramdisks[] = { 0, 1, 4096, 5000000, 40000000 };
	struct layout l;
	size_t i, j;
	int variant;

	for (variant = 0; variant < 4; variant++) {
		make_image(variant & 1, variant & 2);
		assert_int_equal(parse(), 0);
		for (i = 0; i < 5; i++)
			for (j = 0; j < 5; j++) {
				memset(&E, 0, sizeof(E));
				if (layout_plan(&K, sizes[i] << 8, ramdisks[j], &l, &E)) {
					assert_int_equal(sizes[i], 64);
					continue;
				}
				check_no_overlap(&l, &K);
				assert_int_equal(l.mapped_pages % 1024, 0);
				assert_true(l.mapped_pages >= l.stack_pfn + 1 + 128);
				assert_int_equal(l.ramdisk_pages, (ramdisks[j] + 4095) / 4096);
				if (!(variant & 2) && ramdisks[j])
					assert_true(
						l.ramdisk_pfn + l.ramdisk_pages <= l.mapped_pages);
			}
	}
	memset(&E, 0, sizeof(E));
	assert_int_equal(layout_plan(&K, 4096, 0, &l, &E), -1);
	assert_int_equal(E.kind, ERR_NOMEM);
	assert_non_null(strstr(E.advice, "memory = "));
}

/* Walk the tables as the processor does; the mfn of pfn n is n + 0x1000. */
static uint64_t walk(const struct layout *l, const uint64_t *t, uint64_t va, bool *writable)
{
	uint64_t table = 0, e, pfn;
	int level;

	*writable = true;
	for (level = 4; level > 0; level--) {
		e = t[table * 512 + (va >> (12 + 9 * (level - 1)) & 511)];
		if (!(e & PTE_P))
			return 0;
		*writable = *writable && (e & PTE_RW);
		pfn = (e >> 12) - 0x1000;
		if (level == 1)
			return pfn;
		table = pfn >= l->tables_pfn && pfn < l->tables_pfn + l->tables
				? pfn - l->tables_pfn
				: pfn - l->p2m_tables_pfn + l->tables;
		assert_true(table < l->tables + l->p2m_tables);
	}
	return 0;
}

static void test_tables(void **state)
{
	uint64_t *p2m = malloc(16384 * 8), *t, i;
	struct layout l;
	bool writable;
	int variant;

	for (i = 0; i < 16384; i++)
		p2m[i] = i + 0x1000;
	for (variant = 0; variant < 2; variant++) {
		make_image(variant, true);
		assert_int_equal(parse(), 0);
		memset(&E, 0, sizeof(E));
		assert_int_equal(layout_plan(&K, 16384, 1 << 20, &l, &E), 0);
		t = calloc((l.tables + l.p2m_tables) * 512, 8);
		assert_int_equal(tables_build(&l, p2m, t), 0);
		for (i = 0; i < l.mapped_pages; i++) {
			assert_int_equal(walk(&l, t, VIRT_BASE + (i << 12), &writable), i);
			assert_int_equal(
				writable, i < l.tables_pfn || i >= l.tables_pfn + l.tables);
		}
		assert_int_equal(walk(&l, t, VIRT_BASE + (i << 12), &writable), 0);
		for (i = 0; i < l.p2m_pages; i++)
			assert_int_equal(
				walk(&l, t, l.p2m_virt + (i << 12), &writable), l.p2m_pfn + i);
		free(t);
	}
	free(p2m);
}

static void test_sandbox(void **state)
{
	static uint8_t file[65536];
	char path[] = "/tmp/tools_build.XXXXXX";
	struct kernel_image ki;
	int fd = mkstemp(path);
	size_t n;

	make_image(true, true);
	n = make_bzimage("xz", file, sizeof(file));
	assert_int_equal(write(fd, file, n), n);
	memset(&E, 0, sizeof(E));
	if (kernel_image_open(&ki, path, &E))
		fail_msg("%s", E.what);
	assert_int_equal(ki.elf_len, IMAGE_SIZE);
	assert_memory_equal(ki.elf, image, IMAGE_SIZE);
	assert_int_equal(ki.kernel.entry, VIRT_BASE + LOAD + 0x40);
	kernel_image_close(&ki);
	assert_int_equal(ftruncate(fd, n - 200), 0);
	assert_int_equal(kernel_image_open(&ki, path, &E), -1);
	assert_non_null(strstr(E.what, path));
	assert_int_equal(ftruncate(fd, 0), 0);
	memset(&E, 0, sizeof(E));
	assert_int_equal(kernel_image_open(&ki, path, &E), -1);
	assert_non_null(strstr(E.what, "is empty"));
	close(fd);
	unlink(path);
	memset(&E, 0, sizeof(E));
	assert_int_equal(kernel_image_open(&ki, path, &E), -1);
	assert_int_equal(E.kind, ERR_NOFILE);
}

/* Set up a folder of kept kernels and a packed kernel file; cleared by uncache(). */
static char cache_dir[] = "/tmp/tools_cache.XXXXXX", packed_path[64];
const char *const path_cache = cache_dir;

static void write_packed(uint8_t mark)
{
	static uint8_t file[65536];
	FILE *f;
	size_t n;

	make_image(true, true);
	image[IMAGE_SIZE - 1] = mark;
	n = make_bzimage("xz", file, sizeof(file));
	f = fopen(packed_path, "w");
	assert_int_equal(fwrite(file, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int make_cache(void **state)
{
	strcpy(cache_dir + strlen(cache_dir) - 6, "XXXXXX");
	cache_limit = 512 << 20;
	snprintf(packed_path, sizeof(packed_path), "%s.kernel", mkdtemp(cache_dir));
	write_packed(1);
	return 0;
}

static int clear_cache(void **state)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -r %s %s", cache_dir, packed_path);
	return system(command);
}

/* Open and close the packed kernel: its last byte, and whether it had been unpacked before. */
static uint8_t open_packed(bool *kept)
{
	struct kernel_image ki;
	uint8_t last;

	usleep(10000); /* a file's times come from a coarse clock */
	memset(&E, 0, sizeof(E));
	if (kernel_image_open(&ki, packed_path, &E))
		fail_msg("%s", E.what);
	assert_int_equal(ki.elf_len, IMAGE_SIZE);
	assert_int_equal(ki.kernel.entry, VIRT_BASE + LOAD + 0x40);
	*kept = ki.kept;
	last = ki.elf[IMAGE_SIZE - 1];
	kernel_image_close(&ki);
	return last;
}

static void test_kept(void **state)
{
	bool kept;

	assert_int_equal(open_packed(&kept), 1);
	assert_false(kept);
	assert_int_equal(open_packed(&kept), 1);
	assert_true(kept);
	/* Another content under the same name is another kernel. */
	write_packed(2);
	assert_int_equal(open_packed(&kept), 2);
	assert_false(kept);
	write_packed(1);
	assert_int_equal(open_packed(&kept), 1);
	assert_true(kept);
}

static void test_kept_is_bounded(void **state)
{
	bool kept;

	cache_limit = 2 * IMAGE_SIZE;
	for (uint8_t mark = 1; mark <= 3; mark++) {
		write_packed(mark);
		open_packed(&kept);
		write_packed(1);
		assert_int_equal(open_packed(&kept), 1); /* used each time: it stays */
		assert_true(kept);
	}
	write_packed(2);
	open_packed(&kept);
	assert_false(kept);
	cache_limit = IMAGE_SIZE - 1;
	write_packed(4);
	open_packed(&kept);
	open_packed(&kept);
	assert_false(kept);
}

static void test_kept_and_damaged(void **state)
{
	char command[160];
	bool kept;

	open_packed(&kept);
	snprintf(command, sizeof(command), "for f in %s/*; do echo nonsense >$f; done", cache_dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(open_packed(&kept), 1);
	assert_false(kept);
	open_packed(&kept);
	assert_true(kept);
	/* A folder that others may write to is not believed. */
	assert_int_equal(chmod(cache_dir, 0777), 0);
	assert_int_equal(open_packed(&kept), 1);
	assert_false(kept);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, make_cache, clear_cache)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_damaged_packed),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_sandbox),
		CACHE_TEST(test_kept),
		CACHE_TEST(test_kept_is_bounded),
		CACHE_TEST(test_kept_and_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
