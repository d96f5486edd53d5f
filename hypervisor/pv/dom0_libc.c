/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the decompression libraries expect of a C library, under its names, and only they call it:
 * memory by whole pages from the heap. A block starts with its order, padded so that what the
 * caller gets is aligned to a cache line. The other names they need (memcpy and its like) are
 * lib/string's.
 */
#include "core/frame.h"
#include "lib/string.h"
#include "pv/dom0.h"

#define BLOCK_HEADER 64

struct block {
	u64 order; /* of pages */
};

void *malloc(size_t bytes);
void *calloc(size_t count, size_t size);
void free(void *p);

void *unpack_alloc(u64 bytes)
{
	unsigned order = 0;
	struct block *b;

	if (bytes > KERNEL_MAX_BYTES)
		return NULL;
	while ((PAGE_SIZE << order) < bytes + BLOCK_HEADER)
		order++;
	b = heap_pages(order, FRAME_NO_SCRUB);
	if (!b)
		return NULL;
	b->order = order;
	return (char *)b + BLOCK_HEADER;
}

void unpack_free(void *p)
{
	struct block *b;

	if (!p)
		return;
	b = (struct block *)((char *)p - BLOCK_HEADER);
	heap_pages_free(b, (unsigned)b->order);
}

void *malloc(size_t bytes)
{
	return unpack_alloc(bytes);
}

void *calloc(size_t count, size_t size)
{
	u64 bytes;
	void *p;

	if (__builtin_mul_overflow((u64)count, (u64)size, &bytes))
		return NULL;
	p = unpack_alloc(bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void free(void *p)
{
	unpack_free(p);
}

/*
 * Hooks that libzstd looks for as weak symbols: 0 says that nobody traces. An absent one could not
 * be linked at our address.
 */
unsigned long long ZSTD_trace_decompress_begin(const void *context);
void ZSTD_trace_decompress_end(unsigned long long context, const void *trace);

unsigned long long ZSTD_trace_decompress_begin(const void *context)
{
	return 0;
}

void ZSTD_trace_decompress_end(unsigned long long context, const void *trace)
{
}
