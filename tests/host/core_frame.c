/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/frame.c, page.c and heap.c: the buddy allocator against a map of who has what, references,
 * claims, small objects. */
#include "fake_machine.h"

#include <string.h>

#include "core/page.h"

#define FRAMES 4096u

static u8 owner_map[FAKE_FRAMES]; /* model: 0 free or not ours, else in use */

static bool is_zero(const void *p, size_t bytes)
{
	const u64 *w = p;

	for (size_t i = 0; i < bytes / 8; i++)
		if (w[i])
			return false;
	return true;
}

static void test_boot_state(void **state)
{
	assert_true(frames_total() >= FRAMES);
	assert_true(frames_free() < frames_total());
	assert_false(frame_valid(mfn(255)));
	assert_true(frame_valid(mfn(256)));
	assert_true(frame_valid(mfn(256 + FRAMES - 1)));
	assert_false(frame_valid(mfn(256 + FRAMES)));
	assert_false(frame_valid(mfn(~0ull)));
	assert_false(frame_valid(mfn(1ull << 40)));
	assert_int_equal(frame_limit(), 256 + FRAMES);
}

struct block {
	void *p;
	unsigned order;
};

static void block_check_and_mark(struct block *b, bool in_use)
{
	u64 first = frame_of(b->p).n;

	assert_int_equal(first % (1u << b->order), 0);
	for (u64 f = first; f < first + (1u << b->order); f++) {
		assert_true(frame_valid(mfn(f)));
		assert_int_equal(owner_map[f], !in_use); /* no overlap */
		owner_map[f] = in_use;
	}
}

/* RAM is not zero at boot: a frame that was used and freed must not hide that when it merges with
 * what was never touched. */
static void test_boot_ram_is_scrubbed(void **state)
{
	void *p[16];

	for (unsigned order = 0; order < 9; order++) {
		p[0] = heap_pages(order, 0);
		assert_true(is_zero(p[0], PAGE_SIZE << order));
		heap_pages_free(p[0], order);
	}
	for (unsigned i = 0; i < 5; i++) {
		p[i] = heap_pages(9, 0);
		assert_non_null(p[i]);
		assert_true(is_zero(p[i], PAGE_SIZE << 9));
	}
	for (unsigned i = 0; i < 5; i++)
		heap_pages_free(p[i], 9);
}

static void test_buddy_random(void **state)
{
	static struct block blocks[500];
	u64 start = frames_free(), used = 0;
	unsigned failures = 0;

	srand(3);
	for (unsigned round = 0; round < 30000; round++) {
		struct block *b = &blocks[rand() % ARRAY_SIZE(blocks)];

		if (b->p) {
			block_check_and_mark(b, false);
			memset(b->p, 0x77, PAGE_SIZE);
			heap_pages_free(b->p, b->order);
			used -= 1u << b->order;
			b->p = NULL;
		} else {
			b->order = (unsigned)rand() % 7;
			b->p = heap_pages(b->order, 0);
			if (!b->p) {
				failures++;
				continue;
			}
			assert_true(is_zero(b->p, PAGE_SIZE << b->order));
			block_check_and_mark(b, true);
			used += 1u << b->order;
		}
		assert_int_equal(frames_free(), start - used);
	}
	assert_true(failures > 0); /* the test reached the end of memory */
	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
		if (blocks[i].p)
			heap_pages_free(blocks[i].p, blocks[i].order);
	assert_int_equal(frames_free(), start);
}

/* After everything is free again, it has merged: the largest aligned block that the range holds can
 * be had again. */
static void test_buddy_merges(void **state)
{
	void *page[FRAMES], *big;
	u64 start = frames_free();
	unsigned n = 0;

	while ((page[n] = heap_pages(0, FRAME_NO_SCRUB)) != NULL)
		n++;
	assert_int_equal(n, start);
	assert_int_equal(frames_free(), 0);
	assert_null(heap_pages(0, 0));
	for (unsigned i = 0; i < n; i += 2)
		heap_pages_free(page[i], 0);
	assert_null(heap_pages(1, 0));
	for (unsigned i = 1; i < n; i += 2)
		heap_pages_free(page[i], 0);
	big = heap_pages(10, 0);
	assert_non_null(big);
	heap_pages_free(big, 10);
	assert_null(heap_pages(18, 0));
	assert_null(heap_pages(19, 0));
	assert_null(heap_pages(63, 0));
}

static void test_reserved_comes_back(void **state)
{
	struct page *p = frame_alloc(3, 0);
	u64 before = frames_free();

	assert_non_null(p);
	frame_add(page_frame(p).n, 8); /* what frame_reserve'd frames look like */
	assert_int_equal(frames_free(), before + 8);
}

static void test_domain_pages(void **state)
{
	u64 before;
	struct domain *d, *other;
	struct page *p, *q;
	u64 free_with;

	fake_kill(fake_domain(
		5, 1, true)); /* the heap keeps a page of each class that was ever used */
	before = frames_free();
	d = fake_domain(5, 1, true);
	other = fake_domain(6, 1, true);
	p = page_alloc(d, 3, 0);
	free_with = frames_free();
	assert_non_null(p);
	assert_int_equal(d->tot_pages, 8);
	for (unsigned i = 0; i < 8; i++) {
		assert_true(page_owned_by(p + i, 5));
		assert_int_equal(p[i].ref, PAGE_ALLOCATED | 1);
	}
	assert_false(page_get(p, other));
	assert_true(page_get(p, d));
	assert_true(page_get_any(p));
	assert_int_equal(p->ref & PAGE_COUNT, 3);
	assert_true(page_release(p));
	assert_false(page_release(p));
	assert_int_equal(d->tot_pages, 8); /* others hold it */
	page_put(p);
	assert_int_equal(d->tot_pages, 8);
	memset(page_map(p), 0x42, PAGE_SIZE);
	fake_page_frees = 0;
	page_put(p);
	assert_int_equal(fake_page_frees, 1);
	assert_int_equal(d->tot_pages, 7);
	assert_int_equal(frames_free(), free_with + 1);
	assert_false(page_get_any(p));
	assert_int_equal(p->owner, DOMID_NOBODY);
	assert_ptr_equal(frame_alloc(0, 0), p);	      /* the smallest block that fits */
	assert_true(is_zero(page_map(p), PAGE_SIZE)); /* scrubbed at the latest when given out */
	frame_free(p, 0);

	/* a frame changes hands */
	q = p + 1;
	assert_int_equal(page_steal(other, q), -EINVAL);
	assert_true(page_get(q, d));
	assert_int_equal(page_steal(d, q), -EBUSY);
	page_put(q);
	assert_int_equal(page_steal(d, q), 0);
	assert_int_equal(d->tot_pages, 6);
	assert_false(page_get_any(q));
	assert_int_equal(page_assign(other, q), 0);
	assert_int_equal(page_assign(other, q), -EINVAL);
	assert_int_equal(page_assign(other, p + 2), -EINVAL);
	assert_int_equal(other->tot_pages, 1);
	assert_true(page_get(q, other));
	page_put(q);
	d->max_pages = 6;
	assert_null(page_alloc(d, 0, 0));
	assert_int_equal(page_steal(other, q), 0);
	assert_int_equal(page_assign(d, q), -E2BIG);
	frame_free(q, 0);

	fake_kill(d);
	fake_kill(other);
	assert_int_equal(frames_free(), before);
}

static void test_last_translation_is_flushed(void **state)
{
	struct domain *d = fake_domain(5, 1, true);
	struct page *p = page_alloc(d, 0, 0);
	unsigned before = fake_flushes;
	void *h;

	page_release(p);
	assert_int_equal(fake_flushes, before);
	assert_ptr_equal(page_alloc(d, 0, 0), p);
	assert_int_equal(fake_flushes, before + 1);
	/* what only the hypervisor used needs none */
	h = heap_pages(0, 0);
	before = fake_flushes;
	heap_pages_free(h, 0);
	assert_ptr_equal(heap_pages(0, 0), h);
	assert_int_equal(fake_flushes, before);
	heap_pages_free(h, 0);
	fake_kill(d);
}

/* Take all frames one by one and give them back, so that none is dirty; whether each was zero. */
static bool all_zero(void)
{
	static void *taken[FRAMES];
	bool zero = true;
	unsigned n = 0;

	for (; (taken[n] = heap_pages(0, 0)) != NULL; n++)
		zero &= is_zero(taken[n], PAGE_SIZE);
	while (n)
		heap_pages_free(taken[--n], 0);
	return zero;
}

/* A guest writes by a translation that a CPU kept, after its frame was given back. */
static void test_late_write_is_scrubbed(void **state)
{
	struct domain *d = fake_domain(9, 1, false);

	d->max_pages = 10;
	for (unsigned i = 0; i < 2; i++) {
		struct page *p;

		assert_true(all_zero());
		p = page_alloc(d, 0, 0);
		assert_non_null(p);
		if (i == 0) {
			assert_int_equal(page_steal(d, p), 0);
			frame_free(p, 0);
		} else {
			assert_true(page_release(p));
		}
		*(u64 *)page_map(p) = 0xbad;
		assert_true(all_zero());
	}
	fake_kill(d);
}

/* Idle CPUs clear what guests left, flush once for many frames, and do not begin for a few. */
static void test_idle_scrub(void **state)
{
	struct domain *d = fake_domain(10, 1, false);
	struct page *p[600];
	unsigned flushes, calls = 0;

	d->max_pages = 1000;
	assert_true(all_zero());
	for (unsigned i = 0; i < 600; i++) {
		p[i] = page_alloc(d, 0, 0);
		*(u64 *)page_map(p[i]) = 0xbad + i;
	}
	for (unsigned i = 0; i < 100; i++)
		page_release(p[i]);
	assert_false(frames_scrub());
	assert_int_equal(*(u64 *)page_map(p[0]), 0xbad);
	for (unsigned i = 300; i < 600; i++)
		page_release(p[i]);
	while (frames_scrub())
		assert_in_range(++calls, 1, 400 + FAKE_FRAMES / 64);
	assert_in_range(calls, 400, 400 + FAKE_FRAMES / 64);
	for (unsigned i = 0; i < 600; i++)
		assert_int_equal(*(u64 *)page_map(p[i]), i < 100 || i >= 300 ? 0 : 0xbad + i);
	flushes = fake_flushes;
	for (unsigned i = 300; i < 600; i++)
		assert_non_null(page_alloc(d, 0, 0)); /* they need no flush any more */
	assert_int_equal(fake_flushes, flushes);
	fake_kill(d);
	while (frames_scrub())
		;
	assert_true(all_zero());
}

static unsigned others_idle;

static void other_is_idle(void)
{
	others_idle++;
	assert_false(frames_scrub());
}

/* A second idle CPU halts: it would only wait, and keep from running who shares its core. */
static void test_idle_scrub_alone(void **state)
{
	struct domain *d = fake_domain(11, 1, false);

	d->max_pages = 1000;
	for (unsigned i = 0; i < 300; i++)
		*(u64 *)page_map(page_alloc(d, 0, 0)) = 0xbad;
	fake_kill(d);
	fake_in_flush = other_is_idle;
	while (frames_scrub())
		;
	fake_in_flush = NULL;
	assert_in_range(others_idle, 300, 310); /* d's own pages too */
	assert_true(all_zero());
}

static unsigned scrubs;

static void others_scrub(void)
{
	fake_in_flush = NULL; /* our own flushes */
	while (frames_scrub())
		assert_in_range(++scrubs, 1, 299 + 3 * FAKE_FRAMES / 64);
}

/* It ends while somebody else is about to clear the last one. */
static void test_idle_scrub_ends(void **state)
{
	struct domain *d = fake_domain(12, 1, false);

	d->max_pages = 1000;
	for (unsigned i = 0; i < 300; i++)
		*(u64 *)page_map(page_alloc(d, 0, 0)) = 0xbad;
	fake_kill(d);
	d = fake_domain(13, 1, false);
	d->max_pages = 1;
	fake_in_flush = others_scrub;
	assert_int_equal(*(u64 *)page_map(page_alloc(d, 0, 0)), 0);
	assert_null(fake_in_flush);
	assert_in_range(scrubs, 299, UINT32_MAX);
	fake_kill(d);
}

/* Scrubbing between allocations and frees of all sizes. */
static void test_idle_scrub_random(void **state)
{
	struct domain *d = fake_domain(11, 1, false);
	struct page *have[64] = { NULL };
	unsigned order[64];

	d->max_pages = FRAMES;
	srand(12);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)rand() % 64;
		u64 n = have[i] ? 1ull << order[i] : 0;

		for (u64 k = 0; k < n; k++) {
			assert_int_equal(*(u64 *)page_map(have[i] + k), i + 1);
			page_release(have[i] + k);
		}
		have[i] = NULL;
		if (!n) {
			order[i] = (unsigned)rand() % 6;
			have[i] = page_alloc(d, order[i], 0);
			for (u64 k = 0; have[i] && k < 1ull << order[i]; k++) {
				assert_true(is_zero(page_map(have[i] + k), PAGE_SIZE));
				*(u64 *)page_map(have[i] + k) = i + 1;
			}
		}
		for (unsigned k = (unsigned)rand() % 8; k && frames_scrub(); k--)
			;
	}
	for (unsigned i = 0; i < 64; i++)
		for (u64 k = 0; have[i] && k < 1ull << order[i]; k++)
			page_release(have[i] + k);
	fake_kill(d);
	while (frames_scrub())
		;
	assert_true(all_zero());
}

static void test_shared_heap_page(void **state)
{
	u64 before = frames_free();
	struct domain *d = fake_domain(5, 1, true);
	void *h = heap_pages(0, 0);
	struct page *p = page_of(frame_of(h));

	assert_false(page_get(p, d));
	assert_false(page_get_any(p)); /* ours alone */
	page_share(h, d);
	assert_true(page_get(p, d));
	assert_int_equal(page_steal(d, p), -EINVAL);
	assert_false(page_release(p)); /* the guest cannot free it */
	assert_int_equal(p->type, 1);  /* nobody makes a page table of it */
	page_unshare(h, d);
	assert_false(page_get(p, d));
	assert_int_equal(p->ref, PAGE_HEAP | 1); /* the guest's mapping keeps it */
	page_put(p);
	assert_int_equal(p->ref, 0);
	fake_kill(d);
	assert_int_equal(frames_free(), before);
}

static void test_claims(void **state)
{
	struct domain *d = fake_domain(5, 1, true), *other = fake_domain(6, 1, true);
	u64 start = frames_free();
	struct page *p;

	assert_int_equal(domain_claim_pages(d, start + 1), -ENOMEM);
	assert_int_equal(domain_claim_pages(d, start - 10), 0);
	assert_int_equal(frames_claimed(), start - 10);
	assert_int_equal(domain_claim_pages(d, 5), -EINVAL); /* one at a time */
	for (unsigned i = 0; i < 10; i++)
		assert_non_null(page_alloc(other, 0, 0));
	assert_null(page_alloc(other, 0, 0));
	assert_null(heap_pages(0, 0));
	p = page_alloc(d, 2, 0);
	assert_non_null(p);
	assert_int_equal(d->outstanding_pages, start - 14);
	assert_int_equal(frames_claimed(), start - 14);
	assert_int_equal(domain_claim_pages(d, 0), 0);
	assert_int_equal(frames_claimed(), 0);
	assert_non_null(page_alloc(other, 0, 0));
	/* not incremental: 4 pages are there, a claim of 10 is for 6 more */
	assert_int_equal(domain_claim_pages(d, 3), -EINVAL);
	assert_int_equal(domain_claim_pages(d, 10), 0);
	assert_int_equal(frames_claimed(), 6);
	/* a claim goes with its domain */
	fake_kill(d);
	assert_int_equal(frames_claimed(), 0);
	fake_kill(other);
}

static void test_heap_random(void **state)
{
	static struct {
		u8 *p;
		size_t n;
		u8 fill;
	} o[600];
	u64 before = frames_free();

	srand(4);
	for (unsigned round = 0; round < 60000; round++) {
		unsigned i = (unsigned)rand() % ARRAY_SIZE(o);

		if (o[i].p) {
			for (size_t k = 0; k < o[i].n; k++)
				assert_int_equal(o[i].p[k], o[i].fill);
			heap_free(o[i].p);
			o[i].p = NULL;
			continue;
		}
		o[i].n = rand() % 20 ? (size_t)rand() % 600 + 1 : (size_t)rand() % 20000 + 1;
		o[i].p = heap_alloc(o[i].n);
		assert_non_null(o[i].p);
		assert_int_equal((uintptr_t)o[i].p % 16, 0);
		for (size_t k = 0; k < o[i].n; k++)
			assert_int_equal(o[i].p[k], 0);
		o[i].fill = (u8)(rand() | 1);
		memset(o[i].p, o[i].fill, o[i].n);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(o); i++)
		heap_free(o[i].p);
	heap_free(NULL);
	/* at most one page a class stays */
	assert_true(before - frames_free() <= 18);
	assert_null(heap_alloc(~0ul));
	assert_null(heap_alloc(1ul << 39));
}

static void test_heap_overhead(void **state)
{
	void *p[1000];
	u64 before = frames_free();

	for (unsigned i = 0; i < 1000; i++)
		p[i] = heap_alloc(64);
	assert_true(before - frames_free() <= (1000 * 64 + PAGE_SIZE - 1) / PAGE_SIZE);
	for (unsigned i = 0; i < 1000; i++)
		heap_free(p[i]);
	before = frames_free();
	p[0] = heap_alloc(5 * PAGE_SIZE - 7);
	assert_int_equal(before - frames_free(), 5);
	heap_free(p[0]);
	assert_int_equal(before, frames_free());
	p[0] = heap_strdup("text");
	assert_string_equal(p[0], "text");
	heap_free(p[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_state),
		cmocka_unit_test(test_boot_ram_is_scrubbed),
		cmocka_unit_test(test_buddy_random),
		cmocka_unit_test(test_buddy_merges),
		cmocka_unit_test(test_reserved_comes_back),
		cmocka_unit_test(test_domain_pages),
		cmocka_unit_test(test_last_translation_is_flushed),
		cmocka_unit_test(test_late_write_is_scrubbed),
		cmocka_unit_test(test_idle_scrub),
		cmocka_unit_test(test_idle_scrub_alone),
		cmocka_unit_test(test_idle_scrub_ends),
		cmocka_unit_test(test_idle_scrub_random),
		cmocka_unit_test(test_shared_heap_page),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_heap_random),
		cmocka_unit_test(test_heap_overhead),
	};

	fake_boot(2, FRAMES);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
