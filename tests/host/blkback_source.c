/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blkback on a real file, through its restricted io_uring and the event loop: what the guest wrote
 * is in the file, what is in the file is what it reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <liburing.h>

#include "tests/host/blkback_front.h"
#include "tools/lib/backend_loop.h"

#define PAGES 8

static unsigned int writes, durable; /* that were handed to the io_uring */

int __real_io_uring_submit(struct io_uring *ring);
int __wrap_io_uring_submit(struct io_uring *ring);

int __wrap_io_uring_submit(struct io_uring *ring)
{
	const struct io_uring_sqe *sqe;
	unsigned int i;

	for (i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
		sqe = &ring->sq.sqes[i & (ring->sq.ring_entries - 1)];
		if (sqe->opcode != IORING_OP_WRITE && sqe->opcode != IORING_OP_WRITE_FIXED)
			continue;
		writes++;
		durable += !!(sqe->rw_flags & RWF_DSYNC);
	}
	return __real_io_uring_submit(ring);
}

void front_disk_reset(void)
{
}

/* Everything that is at the source comes to its end. */
unsigned int front_complete(void)
{
	struct disk *d = front_dev.own;
	unsigned int n = d->in_flight, i;

	for (i = 0; i < 1000 && d->in_flight; i++)
		assert_true(backend_loop_turn(100) >= 0);
	assert_int_equal(d->in_flight, 0);
	return n;
}

static void put(uint8_t op, uint64_t id, uint64_t sector, unsigned int n, unsigned int page)
{
	blkif_request_t *r = front_request(0);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->operation = op;
	r->nr_segments = n;
	r->id = id;
	r->sector_number = sector;
	for (i = 0; i < n; i++)
		r->seg[i] = (struct blkif_request_segment){ .gref = FRONT_REF + page + i,
			.last_sect = 7 };
	front_next(0);
}

static void answers(unsigned int n)
{
	const blkif_response_t *a;

	front_push(0);
	front_serve();
	assert_false(fp.failed);
	while (n--) {
		a = front_answer(0);
		assert_non_null(a);
		assert_int_equal(a->status, BLKIF_RSP_OKAY);
	}
	assert_null(front_answer(0));
}

static void in_file(unsigned int page, uint64_t sector)
{
	uint8_t got[PAGE];

	assert_int_equal(pread(fp.disk_fd, got, PAGE, sector * SECTOR), PAGE);
	assert_memory_equal(got, front->page[page], PAGE);
}

static void test_everything(void **state)
{
	uint8_t zero[PAGE] = { 0 }, got[PAGE];
	blkif_request_discard_t *r;
	unsigned int i, round;

	front_reset();
	front_process_reset(1, 0);
	assert_int_equal(front_start(false, "w"), 0);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < PAGES * PAGE; i++)
			front->page[i / PAGE][i % PAGE] = front_random(256);
		put(BLKIF_OP_WRITE, 1, 16, 1, 0);
		put(BLKIF_OP_WRITE, 2, 64, 3, 1);
		put(BLKIF_OP_FLUSH_DISKCACHE, 3, 0, 0, 0);
		put(BLKIF_OP_WRITE_BARRIER, 4, 128, 2, 4);
		put(BLKIF_OP_WRITE, 5, 256, 1, 6);
		writes = durable = 0;
		answers(5);
		/* Only what has to be is on the disk when it is answered. */
		assert_int_equal(writes, 4);
		assert_int_equal(durable, 1);
		in_file(0, 16);
		for (i = 0; i < 3; i++)
			in_file(1 + i, 64 + 8 * i);
		in_file(4, 128);
		in_file(5, 136);
		in_file(6, 256);
		put(BLKIF_OP_READ, 1, 64, 3, 100);
		put(BLKIF_OP_READ, 2, 136, 1, 103);
		answers(2);
		assert_memory_equal(front->page[100], front->page[1], 3 * PAGE);
		assert_memory_equal(front->page[103], front->page[5], PAGE);
	}
	put(BLKIF_OP_DISCARD, 1, 64, 0, 0);
	r = (blkif_request_discard_t *)(front_request(0) - 1);
	r->nr_sectors = 8;
	answers(1);
	assert_int_equal(pread(fp.disk_fd, got, PAGE, 64 * SECTOR), PAGE);
	assert_memory_equal(got, zero, PAGE);
	in_file(2, 72);
	front_stop();
}

/* A file that became shorter behind our back: an error, and no more than that. */
static void test_shrunk(void **state)
{
	const blkif_response_t *a;

	front_reset();
	front_process_reset(1, 0);
	assert_int_equal(front_start(false, "w"), 0);
	assert_int_equal(ftruncate(fp.disk_fd, 1000), 0);
	put(BLKIF_OP_READ, 1, 0, 1, 0);
	front_push(0);
	front_serve();
	a = front_answer(0);
	assert_non_null(a);
	assert_int_equal(a->status, BLKIF_RSP_ERROR);
	front_stop();
}

/* By registered memory. */
static void test_everything_persistent(void **state)
{
	front_persistent = true;
	test_everything(state);
	assert_true(fp.maps > 0 && fp.maps < 20);
	front_persistent = false;
}

static int start(void **state)
{
	return source_start();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_everything_persistent),
		cmocka_unit_test(test_shrunk),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
