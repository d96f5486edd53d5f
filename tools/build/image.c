/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking kernels: see image.h. Every offset taken from the file is checked against its length
 * before it is used, with arithmetic that cannot wrap; decompressors write only into the caller's
 * buffer.
 */
#include "tools/build/image.h"

#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define DECODER_MEMORY (256UL << 20)

struct span {
	const uint8_t *p;
	size_t len;
};

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int broken(struct error *e, const char *format)
{
	error_set(e, ERR_KERNEL, "the %s data is damaged or cut short", format);
	error_advice(e, "check the file (dpkg --verify), or copy it again");
	return -1;
}

static int too_large(struct error *e, size_t limit)
{
	return error_set(e, ERR_KERNEL, "unpacks to more than %zu MiB: not a kernel", limit >> 20);
}

static int unpack_gzip(struct span in, uint8_t *out, size_t *len, struct error *e)
{
	z_stream z = {
		.next_in = (uint8_t *)in.p, .avail_in = in.len, .next_out = out, .avail_out = *len
	};
	int rc;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return error_set(e, ERR_NOMEM, "no memory to unpack the kernel");
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (rc != Z_STREAM_END)
		return z.avail_out ? broken(e, "gzip") : too_large(e, *len);
	*len = z.total_out;
	return 0;
}

static int unpack_xz(struct span in, uint8_t *out, size_t *len, struct error *e)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret rc;

	if (lzma_stream_decoder(&z, DECODER_MEMORY, 0) != LZMA_OK)
		return error_set(e, ERR_NOMEM, "no memory to unpack the kernel");
	z.next_in = in.p;
	z.avail_in = in.len;
	z.next_out = out;
	z.avail_out = *len;
	/* No LZMA_FINISH: the boot image has 4 more bytes behind the stream. */
	do {
		rc = lzma_code(&z, LZMA_RUN);
	} while (rc == LZMA_OK && z.avail_in && z.avail_out);
	lzma_end(&z);
	if (rc != LZMA_STREAM_END)
		return z.avail_out ? broken(e, "xz") : too_large(e, *len);
	*len = z.total_out;
	return 0;
}

static int unpack_zstd(struct span in, uint8_t *out, size_t *len, struct error *e)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer src = { in.p, in.len, 0 };
	ZSTD_outBuffer dst = { out, *len, 0 };
	size_t rc = 1, before;

	if (!z)
		return error_set(e, ERR_NOMEM, "no memory to unpack the kernel");
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 27);
	do {
		before = src.pos + dst.pos;
		rc = ZSTD_decompressStream(z, &dst, &src);
	} while (rc && !ZSTD_isError(rc) && src.pos + dst.pos > before);
	ZSTD_freeDStream(z);
	if (rc)
		return dst.pos < dst.size ? broken(e, "zstd") : too_large(e, *len);
	*len = dst.pos;
	return 0;
}

/* The legacy frame that the kernel build uses: blocks of at most 8 MiB, each with its packed length
 * before it. */
static int unpack_lz4(struct span in, uint8_t *out, size_t *len, struct error *e)
{
	const size_t block_max = 8 << 20;
	size_t at = 4, done = 0, n, room;
	int got;

	while (in.len - at > 4) {
		n = le32(in.p + at);
		at += 4;
		/* What is left over is the 4 bytes of length that end a boot image. */
		if (!n || n > in.len - at || n > LZ4_COMPRESSBOUND(block_max))
			return broken(e, "lz4");
		room = *len - done < block_max ? *len - done : block_max;
		got = LZ4_decompress_safe((const char *)in.p + at, (char *)out + done, n, room);
		if (got < 0)
			return room < block_max ? too_large(e, *len) : broken(e, "lz4");
		at += n;
		done += got;
	}
	if (!done)
		return broken(e, "lz4");
	*len = done;
	return 0;
}

static const struct format {
	const char *name;
	uint8_t magic[6];
	uint8_t magic_len;
	int (*unpack)(struct span in, uint8_t *out, size_t *len, struct error *e);
} formats[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, unpack_gzip },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_xz },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unpack_lz4 },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, NULL },
	{ "lzma", { 0x5d, 0, 0 }, 3, NULL },
	{ "lzo", { 0x89, 'L', 'Z', 'O', 0, 0x0d }, 6, NULL },
};

static bool is_elf(struct span s)
{
	return s.len >= 4 && !memcmp(s.p, "\177ELF", 4);
}

static const struct format *format_of(struct span s)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (s.len >= formats[i].magic_len &&
			!memcmp(s.p, formats[i].magic, formats[i].magic_len))
			return &formats[i];
	return NULL;
}

/* The packed kernel inside a bzImage. 1 found, 0 not a bzImage, -1 a bad one. */
static int bzimage_payload(struct span file, struct span *payload, struct error *e)
{
	uint32_t sectors, offset, length, version;
	uint64_t start;

	if (file.len < 0x250 || memcmp(file.p + 0x202, "HdrS", 4))
		return 0;
	version = file.p[0x206] | file.p[0x207] << 8;
	if (version < 0x208)
		return error_set(e, ERR_KERNEL,
			"a bzImage of boot protocol %u.%02u has no payload field (2.08 needed)",
			version >> 8, version & 0xff);
	sectors = file.p[0x1f1] ? file.p[0x1f1] : 4;
	offset = le32(file.p + 0x248);
	length = le32(file.p + 0x24c);
	start = (sectors + 1) * 512ULL + offset;
	if (!length || start > file.len || length > file.len - start) {
		error_set(e, ERR_KERNEL,
			"the bzImage says its payload is bytes %llu to %llu, but the file has %zu",
			(unsigned long long)start, (unsigned long long)start + length, file.len);
		error_advice(e, "the file is cut short or damaged: copy it again");
		return -1;
	}
	payload->p = file.p + start;
	payload->len = length;
	return 1;
}

int image_unpack(const uint8_t *file, size_t len, uint8_t *out, size_t out_max, const uint8_t **elf,
	size_t *elf_len, struct error *e)
{
	struct span in = { file, len }, unpacked;
	const struct format *f;

	if (len < 64)
		return error_set(e, ERR_KERNEL, "%zu bytes are no kernel", len);
	if (bzimage_payload(in, &in, e) < 0)
		return -1;
	if (!is_elf(in)) {
		f = format_of(in);
		if (!f) {
			error_set(e, ERR_KERNEL,
				"not a kernel: neither ELF, nor bzImage, nor a known compression");
			error_advice(e, "kernel = a Linux vmlinuz (/boot/vmlinuz-...), "
					"or an ELF file with Xen notes");
			return -1;
		}
		if (!f->unpack) {
			error_set(e, ERR_KERNEL,
				"the kernel is %s-compressed, which is not supported", f->name);
			error_advice(e, "a kernel with gzip, xz, zstd or lz4 compression, "
					"or extract vmlinux from it");
			return -1;
		}
		unpacked = (struct span){ out, out_max };
		if (in.len < out_max / IMAGE_RATIO_MAX)
			unpacked.len = in.len * IMAGE_RATIO_MAX;
		if (f->unpack(in, out, &unpacked.len, e))
			return -1;
		in = unpacked;
	}
	if (!is_elf(in))
		return error_set(
			e, ERR_KERNEL, "what is packed in the kernel file is not an ELF image");
	*elf = in.p;
	*elf_len = in.len;
	return 0;
}
