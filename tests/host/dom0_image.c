/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel images: a small ELF file with Xen's notes, in a bzImage, blob in all four ways, must be
 * read right; cut at every length or with any one bit flipped it must be refused or read within its
 * bounds (the sanitizers watch), and every buffer given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <xen/elfnote.h>

#include "core/frame.h"
#include "pv/dom0.h"

#define ELF_BYTES   6000u
#define PACKED_ROOM 16384u
#define SETUP_BYTES 1024u
#define BASE	    0xffffffff80000000ull
#define PADDR	    0x1000000ull

static unsigned buffers;

void *heap_pages(unsigned order, unsigned flags)
{
	buffers++;
	return malloc(PAGE_SIZE << order);
}

void heap_pages_free(void *p, unsigned order)
{
	buffers--;
	free(p);
}

void *unpack_alloc(u64 bytes)
{
	return malloc(bytes);
}

void unpack_free(void *p)
{
	free(p);
}

/* ---- making images ---- */

static u8 elf[ELF_BYTES];

static size_t put_note(u8 *to, u32 type, const void *desc, u32 bytes)
{
	Elf64_Nhdr n = { .n_namesz = 4, .n_descsz = bytes, .n_type = type };

	memcpy(to, &n, sizeof(n));
	memcpy(to + sizeof(n), "Xen", 4);
	memcpy(to + sizeof(n) + 4, desc, bytes);
	return sizeof(n) + 4 + round_up(bytes, 4u);
}

static void make_elf(void)
{
	u64 base = BASE, entry = BASE + PADDR + 0x40, p2m = 0x8000000000ull;
	u32 one = 1;
	Elf64_Ehdr h = { .e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_ehsize = sizeof(h),
		.e_entry = PADDR };
	Elf64_Phdr p[3] = {
		{ .p_type = PT_LOAD,
			.p_offset = 1024,
			.p_paddr = PADDR,
			.p_vaddr = BASE + PADDR,
			.p_filesz = 2000,
			.p_memsz = 2000 },
		{ .p_type = PT_LOAD,
			.p_offset = 4096,
			.p_paddr = PADDR + 0x2000,
			.p_filesz = 100,
			.p_memsz = 9000 },
		{ .p_type = PT_NOTE, .p_offset = 512 },
	};
	size_t at = 512;

	for (unsigned i = 0; i < sizeof(elf); i++)
		elf[i] = (u8)(i * 7 + i / 256);
	at += put_note(elf + at, XEN_ELFNOTE_GUEST_OS, "linux", 6);
	at += put_note(elf + at, XEN_ELFNOTE_VIRT_BASE, &base, 8);
	at += put_note(elf + at, XEN_ELFNOTE_ENTRY, &entry, 8);
	at += put_note(elf + at, XEN_ELFNOTE_INIT_P2M, &p2m, 8);
	at += put_note(elf + at, XEN_ELFNOTE_MOD_START_PFN, &one, 4);
	p[2].p_filesz = at - 512;
	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(elf, &h, sizeof(h));
	memcpy(elf + sizeof(h), p, sizeof(p));
}

static size_t pack_gzip(u8 *out)
{
	z_stream s = { 0 };

	assert_int_equal(deflateInit2(&s, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	s.next_in = elf;
	s.avail_in = sizeof(elf);
	s.next_out = out;
	s.avail_out = PACKED_ROOM;
	assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
	deflateEnd(&s);
	return s.total_out;
}

static size_t with_size(u8 *out, size_t bytes)
{
	u32 size = sizeof(elf);

	memcpy(out + bytes, &size, sizeof(size));
	return bytes + sizeof(size);
}

static size_t pack_xz(u8 *out)
{
	size_t at = 0;

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, elf, sizeof(elf), out,
				 &at, PACKED_ROOM),
		LZMA_OK);
	return with_size(out, at);
}

static size_t pack_zstd(u8 *out)
{
	size_t n = ZSTD_compress(out, PACKED_ROOM, elf, sizeof(elf), 3);

	assert_false(ZSTD_isError(n));
	return with_size(out, n);
}

static size_t pack_lz4(u8 *out)
{
	static const u8 magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	int n = LZ4_compress_default((char *)elf, (char *)out + 8, sizeof(elf), PACKED_ROOM - 8);
	u32 length = (u32)n;

	assert_true(n > 0);
	memcpy(out, magic, 4);
	memcpy(out + 4, &length, 4);
	return with_size(out, 8 + length);
}

static size_t pack_not(u8 *out)
{
	memcpy(out, elf, sizeof(elf));
	return sizeof(elf);
}

static size_t (*const packers[])(u8 *out) = { pack_gzip, pack_xz, pack_zstd, pack_lz4, pack_not };

/* A bzImage with one setup sector whose payload follows after 16 bytes. */
static u8 *make_bzimage(unsigned packer, size_t *bytes)
{
	u8 *b = calloc(1, SETUP_BYTES + 16 + PACKED_ROOM);
	u32 offset = 16, length;

	b[0x1f1] = 1;
	b[0x1fe] = 0x55;
	b[0x1ff] = 0xaa;
	memcpy(b + 0x202, "HdrS", 4);
	b[0x206] = 0x0f;
	b[0x207] = 0x02;
	length = (u32)packers[packer](b + SETUP_BYTES + offset);
	memcpy(b + 0x248, &offset, 4);
	memcpy(b + 0x24c, &length, 4);
	*bytes = SETUP_BYTES + offset + length;
	return b;
}

/* Read every byte that the parsed image says it has: out of bounds ends the test. */
static unsigned long touch(const struct kernel_image *k)
{
	unsigned long sum = 0;

	assert_true(k->start < k->end && k->entry >= k->start && k->entry < k->end);
	for (unsigned i = 0; i < k->elf.segment_count; i++)
		for (u64 n = 0; n < k->elf.segment[i].file_bytes; n++)
			sum += ((const u8 *)k->elf.segment[i].data)[n];
	return sum;
}

static int open_copy(const u8 *from, size_t bytes)
{
	u8 *exact = malloc(bytes ? bytes : 1); /* the sanitizer's edges are right behind it */
	struct kernel_image k;
	const char *why = NULL;
	int ret;

	memcpy(exact, from, bytes);
	ret = kernel_image_open(&k, exact, bytes, &why);
	if (ret)
		assert_non_null(why);
	else
		(void)touch(&k);
	if (!ret)
		kernel_image_close(&k);
	assert_int_equal(buffers, 0);
	free(exact);
	return ret;
}

/* ---- tests ---- */

static void reads_all_formats(void **state)
{
	for (unsigned f = 0; f < ARRAY_SIZE(packers); f++) {
		size_t bytes;
		u8 *b = make_bzimage(f, &bytes);
		struct kernel_image k;
		const char *why;

		assert_int_equal(kernel_image_open(&k, b, bytes, &why), 0);
		assert_int_equal(k.virt_base, BASE);
		assert_int_equal(k.start, BASE + PADDR);
		assert_int_equal(k.end, BASE + PADDR + 0x2000 + 9000);
		assert_int_equal(k.entry, BASE + PADDR + 0x40);
		assert_int_equal(k.p2m_base, 0x8000000000ull);
		assert_true(k.mod_start_pfn);
		assert_int_equal(k.hypercall_page, 0);
		assert_int_equal(k.elf.segment_count, 2);
		assert_memory_equal(k.elf.segment[0].data, elf + 1024, 2000);
		assert_memory_equal(k.elf.segment[1].data, elf + 4096, 100);
		kernel_image_close(&k);
		assert_int_equal(buffers, 0);
		free(b);
	}
}

static void reads_plain_elf_and_packed_elf(void **state)
{
	u8 *blob = malloc(PACKED_ROOM);
	size_t n = pack_xz(blob);

	assert_int_equal(open_copy(elf, sizeof(elf)), 0);
	assert_int_equal(open_copy(blob, n), 0);
	free(blob);
}

static void refuses_every_truncation(void **state)
{
	for (unsigned f = 0; f < ARRAY_SIZE(packers); f++) {
		size_t bytes;
		u8 *b = make_bzimage(f, &bytes);

		for (size_t cut = 0; cut < bytes; cut++)
			assert_true(open_copy(b, cut) < 0);
		free(b);
	}
	/* of a bare ELF file only what nobody needs may be missing */
	for (size_t cut = 0; cut < 4196; cut++)
		assert_true(open_copy(elf, cut) < 0);
}

static void survives_flipped_bits(void **state)
{
	u8 copy[ELF_BYTES];

	for (size_t bit = 0; bit < 1024 * 8; bit++) {
		memcpy(copy, elf, sizeof(copy));
		copy[bit / 8] ^= (u8)(1u << bit % 8);
		(void)open_copy(copy, sizeof(copy));
	}
	for (unsigned f = 0; f < 4; f++) {
		size_t bytes, first = 0x1f0 * 8;
		u8 *b = make_bzimage(f, &bytes);

		for (size_t bit = first; bit < bytes * 8; bit += bit < SETUP_BYTES * 8 ? 1 : 5) {
			if (bit / 8 >= bytes - 4 && bit % 32 > 20)
				continue; /* announces hundreds of MiB: slow, and tested below */
			b[bit / 8] ^= (u8)(1u << bit % 8);
			(void)open_copy(b, bytes);
			b[bit / 8] ^= (u8)(1u << bit % 8);
		}
		free(b);
	}
}

static void refuses_bombs_and_strangers(void **state)
{
	size_t bytes;
	u8 *b = make_bzimage(1, &bytes);
	u32 huge = 0xfffffff0;

	memcpy(b + bytes - 4, &huge, 4);
	assert_true(open_copy(b, bytes) < 0);
	huge = 0;
	memcpy(b + bytes - 4, &huge, 4);
	assert_true(open_copy(b, bytes) < 0);
	memset(b + SETUP_BYTES, 0x42, 64);
	assert_true(open_copy(b, bytes) < 0);
	free(b);
}

static void put_elf(size_t at, const void *from, size_t bytes)
{
	memcpy(elf + at, from, bytes);
}

/* Segments and notes that lie: each is refused, then put right again. */
static void refuses_lies(void **state)
{
	static const struct {
		size_t at;
		u64 value;
	} lies[] = {
		{ sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 0xffffffffffffffff },
		{ sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 2001 },
		{ sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 0xffffffffffffffff },
		{ sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 1ull << 40 },
		{ sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), 0xffffffffffffff00 },
		{ sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_paddr), 0xffffffffffffff00 },
		{ offsetof(Elf64_Ehdr, e_phoff), 0xfffffffffffffff0 },
		{ offsetof(Elf64_Ehdr, e_phoff), ELF_BYTES - 1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		u8 was[8];

		memcpy(was, elf + lies[i].at, 8);
		put_elf(lies[i].at, &lies[i].value, 8);
		assert_int_equal(open_copy(elf, sizeof(elf)), -EINVAL);
		put_elf(lies[i].at, was, 8);
	}
	assert_int_equal(open_copy(elf, sizeof(elf)), 0);
}

static void hypercall_page_has_stubs(void **state)
{
	u8 page[PAGE_SIZE];

	hypercall_page_fill(page);
	for (unsigned nr = 0; nr < 128; nr++) {
		const u8 *stub = page + nr * 32;
		unsigned mov = nr == 23 ? 4 : 3;

		assert_int_equal(stub[mov], 0xb8);
		assert_int_equal(stub[mov + 1], nr);
		assert_int_equal(stub[mov + 5], 0x0f);
		assert_int_equal(stub[mov + 6], 0x05);
		assert_int_equal(stub[31], 0xcc);
	}
	assert_int_equal(page[23 * 32 + 3], 0x50); /* iret's third push: rax */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_formats),
		cmocka_unit_test(reads_plain_elf_and_packed_elf),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_flipped_bits),
		cmocka_unit_test(refuses_bombs_and_strangers),
		cmocka_unit_test(refuses_lies),
		cmocka_unit_test(hypercall_page_has_stubs),
	};

	make_elf();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
