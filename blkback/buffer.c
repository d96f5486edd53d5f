/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for the data of requests, in two pools of fixed size: one that is registered with the
 * io_uring, which need not look its pages up for each request, and one that the hypervisor copies
 * to and from by reference (tools/lib/backend_pages.h); Linux 6.1 does not let pages be both. Each
 * is cut into pieces of one page and of as many as a front end of Linux puts in a request. What is
 * larger, or comes when a pool is used up, gets memory of its own; that is bounded for the process,
 * so for the guest, and some of it is kept for the next.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "blkback/disk.h"

#define LARGE_PAGES 32
#define OTHERS_MAX  32 /* of 1 MiB */
#define SPARE_MAX   4  /* of them that are kept */

struct pool {
	unsigned int nsmall, nlarge; /* pieces of one page and of LARGE_PAGES */
	struct buffer *small, *large;
};

static struct pool registered = { .nsmall = 64, .nlarge = 8 };
static struct pool granted = { .nsmall = 32, .nlarge = 4 };
static struct backend_pages grants; /* of the latter */
static struct buffer *others;
static unsigned int nothers, spare; /* in use; not */

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

static unsigned int pages_of(const struct pool *p)
{
	return p->nsmall + p->nlarge * LARGE_PAGES;
}

/* Pieces of the memory, for as long as the process lives. */
static int cut(struct pool *p, uint8_t *at)
{
	struct buffer *b = calloc(p->nsmall + p->nlarge, sizeof(*b));
	unsigned int i;

	for (i = 0; b && i < p->nsmall + p->nlarge; i++, b++) {
		*b = (struct buffer){ .data = at, .registered = p == &registered };
		b->list = i < p->nsmall ? &p->small : &p->large;
		add(b->list, b);
		at += (i < p->nsmall ? 1 : LARGE_PAGES) * PAGE;
	}
	return b ? 0 : -1;
}

static void *map(size_t pages)
{
	void *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int buffers_start(struct iovec *to_register)
{
	to_register->iov_len = pages_of(&registered) * PAGE;
	to_register->iov_base = map(pages_of(&registered));
	if (!to_register->iov_base || cut(&registered, to_register->iov_base))
		return -1;
	return backend_pages_alloc(&grants, pages_of(&granted)) ? -1 : cut(&granted, grants.at);
}

static struct buffer *make_other(void)
{
	struct buffer *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->list = &others;
	b->data = map(SEGMENTS_MAX);
	if (b->data)
		return b;
	free(b);
	return NULL;
}

struct buffer *buffer_get(unsigned int pages, bool copied)
{
	struct pool *p = copied ? &granted : &registered;
	struct buffer *b = NULL;

	if (pages <= 1)
		b = take(&p->small);
	if (!b && pages <= LARGE_PAGES)
		b = take(&p->large);
	if (b)
		return b;
	b = take(&others);
	if (b)
		spare--;
	else
		b = make_other();
	nothers += !!b;
	return b;
}

void buffer_put(struct buffer *b)
{
	if (b->list == &others) {
		nothers--;
		if (spare == SPARE_MAX) {
			munmap(b->data, SEGMENTS_MAX * PAGE);
			free(b);
			return;
		}
		spare++;
	}
	add(b->list, b);
}

unsigned int buffers_left(void)
{
	return nothers < OTHERS_MAX ? OTHERS_MAX - nothers : 0;
}

uint16_t buffer_end(union xengnttab_copy_ptr *end, void *at, unsigned int len, uint16_t by_ref)
{
	bool in_pool = (uintptr_t)at - (uintptr_t)grants.at < grants.count * (size_t)PAGE;

	if (in_pool && (uintptr_t)at % PAGE + len <= PAGE)
		return backend_pages_end(&grants, end, at, by_ref);
	end->virt = at;
	return 0;
}
