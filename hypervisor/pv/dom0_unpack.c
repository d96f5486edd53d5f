/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompression of a kernel with Debian's static libraries, once, at boot. They allocate through
 * dom0_libc.c and may use SSE registers, because no guest has run yet. x86/ gives them the stack
 * canary that they read at %fs:0x28.
 */
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "core/frame.h"
#include "lib/string.h"
#include "pv/dom0.h"

#define LZ4_BLOCK (8u << 20) /* the legacy format's */
#define XZ_MEMORY (192ull << 20)

enum format { FORMAT_UNKNOWN, FORMAT_GZIP, FORMAT_XZ, FORMAT_ZSTD, FORMAT_LZ4 };

static const struct {
	enum format format;
	u8 bytes;
	u8 magic[6];
} magics[] = {
	{ FORMAT_GZIP, 2, { 0x1f, 0x8b } },
	{ FORMAT_XZ, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	{ FORMAT_ZSTD, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	{ FORMAT_LZ4, 4, { 0x02, 0x21, 0x4c, 0x18 } },
};

static enum format format_of(const void *in, u64 bytes)
{
	for (unsigned i = 0; i < ARRAY_SIZE(magics); i++)
		if (bytes >= magics[i].bytes && !memcmp(in, magics[i].magic, magics[i].bytes))
			return magics[i].format;
	return FORMAT_UNKNOWN;
}

bool unpack_knows(const void *in, u64 bytes)
{
	return format_of(in, bytes) != FORMAT_UNKNOWN;
}

/* ---- memory for the libraries ---- */

static void *array_alloc(void *opaque, size_t count, size_t size)
{
	u64 bytes;

	return __builtin_mul_overflow((u64)count, (u64)size, &bytes) ? NULL : unpack_alloc(bytes);
}

static void array_free(void *opaque, void *p)
{
	unpack_free(p);
}

static void *zlib_alloc(void *opaque, unsigned count, unsigned size)
{
	return array_alloc(opaque, count, size);
}

/* ---- the formats ---- */

static int wrong(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

static int unpack_gzip(const void *in, u64 in_bytes, void *out, u64 out_bytes, const char **why)
{
	z_stream s = { 0 };
	int ret;

	s.zalloc = zlib_alloc;
	s.zfree = array_free;
	s.next_in = (Bytef *)(uintptr_t)in; /* not written; zlib's type lacks the const */
	s.avail_in = (unsigned)in_bytes;
	s.next_out = out;
	s.avail_out = (unsigned)out_bytes;
	if (inflateInit2(&s, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	ret = inflate(&s, Z_FINISH);
	inflateEnd(&s);
	if (ret != Z_STREAM_END || s.avail_out)
		return wrong(why, "damaged gzip data");
	return 0;
}

static int unpack_xz(const void *in, u64 in_bytes, void *out, u64 out_bytes, const char **why)
{
	const lzma_allocator allocator = { .alloc = array_alloc, .free = array_free };
	u64 limit = XZ_MEMORY;
	size_t in_at = 0, out_at = 0;
	lzma_ret ret;

	ret = lzma_stream_buffer_decode(
		&limit, 0, &allocator, in, &in_at, in_bytes, out, &out_at, out_bytes);
	if (ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	if (ret != LZMA_OK || out_at != out_bytes)
		return wrong(why, "damaged xz data");
	return 0;
}

static int unpack_zstd(const void *in, u64 in_bytes, void *out, u64 out_bytes, const char **why)
{
	if (ZSTD_decompress(out, out_bytes, in, in_bytes) != out_bytes)
		return wrong(why, "damaged zstd data");
	return 0;
}

/* Magic, then blocks: a 32-bit length, the data; each but the last one holds 8 MiB. */
static int unpack_lz4(const u8 *in, u64 in_bytes, char *out, u64 out_bytes, const char **why)
{
	u64 at = 4, done = 0;

	while (at < in_bytes) {
		u64 room = min(out_bytes - done, (u64)LZ4_BLOCK);
		u32 length;
		int n;

		if (in_bytes - at < sizeof(length))
			return wrong(why, "lz4 data ends in a block header");
		memcpy(&length, in + at, sizeof(length));
		at += sizeof(length);
		if (length > in_bytes - at || length > (u32)LZ4_COMPRESSBOUND(LZ4_BLOCK))
			return wrong(why, "lz4 block beyond the end of the data");
		n = LZ4_decompress_safe((const char *)in + at, out + done, (int)length, (int)room);
		if (n < 0)
			return wrong(why, "damaged lz4 data");
		at += length;
		done += (u64)n;
	}
	return done == out_bytes ? 0 : wrong(why, "lz4 data of another size than announced");
}

int unpack(const void *in, u64 in_bytes, void *out, u64 out_bytes, const char **why)
{
	switch (format_of(in, in_bytes)) {
	case FORMAT_GZIP: return unpack_gzip(in, in_bytes, out, out_bytes, why);
	case FORMAT_XZ: return unpack_xz(in, in_bytes, out, out_bytes, why);
	case FORMAT_ZSTD: return unpack_zstd(in, in_bytes, out, out_bytes, why);
	case FORMAT_LZ4: return unpack_lz4(in, in_bytes, out, out_bytes, why);
	default: return wrong(why, "compressed in a way that is not gzip, xz, zstd or lz4");
	}
}
