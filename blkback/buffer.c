/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for the data of requests: a pool of fixed size, which the hypervisor copies to and from
 * by reference (tools/lib/backend_pages.h), cut into pieces of one page and of as many as a front
 * end of Linux puts in a request. What is larger, or comes when the pool is used up, gets memory of
 * its own, which is kept for the next. (Linux 6.1 does not let the io_uring register such pages.)
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "blkback/disk.h"

#define SMALL	    64 /* of one page */
#define LARGE	    8
#define LARGE_PAGES 32
#define POOL_PAGES  (SMALL + LARGE * LARGE_PAGES)

static struct backend_pages pool;
static struct buffer *small, *large, *others;

static void add(struct buffer **list, struct buffer *b)
{
	b->next = *list;
	*list = b;
}

static struct buffer *take(struct buffer **list)
{
	struct buffer *b = *list;

	if (b)
		*list = b->next;
	return b;
}

int buffers_start(void)
{
	static struct buffer pieces[SMALL + LARGE];
	unsigned int i;

	if (backend_pages_alloc(&pool, POOL_PAGES))
		return -1;
	for (i = 0; i < SMALL; i++) {
		pieces[i] = (struct buffer){ .data = pool.at + i * PAGE, .list = &small };
		add(&small, &pieces[i]);
	}
	for (i = 0; i < LARGE; i++) {
		pieces[SMALL + i] =
			(struct buffer){ .data = pool.at + (SMALL + i * LARGE_PAGES) * PAGE,
				.list = &large };
		add(&large, &pieces[SMALL + i]);
	}
	return 0;
}

static struct buffer *make_other(void)
{
	struct buffer *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->list = &others;
	b->data = mmap(NULL, SEGMENTS_MAX * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->data != MAP_FAILED)
		return b;
	free(b);
	return NULL;
}

struct buffer *buffer_get(unsigned int pages)
{
	struct buffer *b = NULL;

	if (pages <= 1)
		b = take(&small);
	if (!b && pages <= LARGE_PAGES)
		b = take(&large);
	if (!b)
		b = take(&others);
	return b ? b : make_other();
}

void buffer_put(struct buffer *b)
{
	add(b->list, b);
}

uint16_t buffer_end(union xengnttab_copy_ptr *end, void *at, unsigned int len, uint16_t by_ref)
{
	bool in_pool = (uintptr_t)at - (uintptr_t)pool.at < pool.count * (size_t)PAGE;

	if (in_pool && (uintptr_t)at % PAGE + len <= PAGE)
		return backend_pages_end(&pool, end, at, by_ref);
	end->virt = at;
	return 0;
}
