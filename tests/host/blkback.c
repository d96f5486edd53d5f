/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blkback's data path against a front end in memory: every operation and what is wrong with it,
 * hostile rings, and death at every point between two stores to the restart memory, after which
 * each request must be answered exactly once with its work done.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fuzz/blkback.h"
#include "tests/host/blkback_front.h"
#include "tools/lib/backend_loop.h"

static int fresh(void **state)
{
	front_reset();
	front_process_reset(1, 0);
	return 0;
}

/* The same with a front end that keeps to its pages. */
static int fresh_persistent(void **state)
{
	front_persistent = true;
	return fresh(state);
}

static int fresh_copied(void **state)
{
	front_persistent = false;
	return fresh(state);
}

static void begin(void)
{
	assert_int_equal(front_start(false, "w"), 0);
}

/* A request of n whole pages from the n-th granted page on. */
static void put(unsigned int queue, uint8_t op, uint64_t id, uint64_t sector, unsigned int n,
	unsigned int page)
{
	blkif_request_t *r = front_request(queue);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->operation = op;
	r->nr_segments = n;
	r->id = id;
	r->sector_number = sector;
	for (i = 0; i < n; i++)
		r->seg[i] = (struct blkif_request_segment){
			.gref = FRONT_REF + page + i, .first_sect = 0, .last_sect = 7
		};
	front_next(queue);
}

static void expect(unsigned int queue, uint64_t id, int16_t status)
{
	const blkif_response_t *a = front_answer(queue);

	assert_non_null(a);
	assert_int_equal(a->id, id);
	assert_int_equal(a->status, status);
}

static void serve(void)
{
	front_push(0);
	front_serve();
	assert_false(fp.failed);
}

static void fill(void *p, size_t len)
{
	uint8_t *b = p;

	while (len--)
		*b++ = front_random(256);
}

static void test_write_and_read(void **state)
{
	begin();
	fill(front->page[0], 2 * PAGE);
	put(0, BLKIF_OP_WRITE, 1, 16, 2, 0);
	serve();
	expect(0, 1, BLKIF_RSP_OKAY);
	assert_memory_equal(front->disk + 16 * SECTOR, front->page[0], 2 * PAGE);
	put(0, BLKIF_OP_READ, 2, 24, 1, 5);
	serve();
	expect(0, 2, BLKIF_RSP_OKAY);
	assert_memory_equal(front->page[5], front->page[1], PAGE);
	assert_null(front_answer(0));
	front_stop();
}

static void test_parts_of_pages(void **state)
{
	blkif_request_t *r;

	begin();
	fill(front->page[0], 2 * PAGE);
	put(0, BLKIF_OP_WRITE, 1, 100, 2, 0);
	r = front_request(0) - 1;
	r->seg[0].first_sect = 3;
	r->seg[0].last_sect = 3;
	r->seg[1].last_sect = 1;
	serve();
	expect(0, 1, BLKIF_RSP_OKAY);
	assert_memory_equal(front->disk + 100 * SECTOR, front->page[0] + 3 * SECTOR, SECTOR);
	assert_memory_equal(front->disk + 101 * SECTOR, front->page[1], 2 * SECTOR);
	front_stop();
}

static void test_flush_and_barrier(void **state)
{
	begin();
	put(0, BLKIF_OP_WRITE, 1, 0, 1, 0);
	put(0, BLKIF_OP_FLUSH_DISKCACHE, 2, UINT64_MAX, 0, 0);
	put(0, BLKIF_OP_WRITE, 3, 8, 1, 1);
	fill(front->page[2], PAGE);
	put(0, BLKIF_OP_WRITE_BARRIER, 4, 16, 1, 2);
	put(0, BLKIF_OP_WRITE, 5, 24, 1, 3);
	front_push(0);
	front_take();
	/* The barrier waits for the three before it, and keeps out the one behind. */
	assert_int_equal(front_complete(), 3);
	expect(0, 1, BLKIF_RSP_OKAY);
	expect(0, 2, BLKIF_RSP_OKAY);
	expect(0, 3, BLKIF_RSP_OKAY);
	assert_null(front_answer(0));
	assert_int_equal(front->flushes, 1);
	assert_int_equal(front_complete(), 1);
	assert_int_equal(front->flushes, 2);
	assert_int_equal(front_complete(), 1);
	assert_int_equal(front->durable, 1);
	expect(0, 4, BLKIF_RSP_OKAY);
	assert_memory_equal(front->disk + 16 * SECTOR, front->page[2], PAGE);
	serve();
	expect(0, 5, BLKIF_RSP_OKAY);
	front_stop();
}

/*
 * A flush that fails: Linux would let it succeed if it were answered with BLKIF_RSP_ERROR, and
 * sends no other. So each write after it is flushed, by a successor too; not by one that another
 * front end is connected to.
 */
static void test_flush_fails(void **state)
{
	begin();
	put(0, BLKIF_OP_WRITE, 1, 8, 1, 0);
	serve();
	expect(0, 1, BLKIF_RSP_OKAY);
	assert_int_equal(front->flushes, 0);
	put(0, BLKIF_OP_FLUSH_DISKCACHE, 2, 0, 0, 0);
	fp.fail_next = -EIO;
	serve();
	expect(0, 2, -3);
	assert_int_equal(front->flushes, 0);
	put(0, BLKIF_OP_WRITE, 3, 16, 1, 0);
	put(0, BLKIF_OP_READ, 4, 16, 1, 1);
	serve();
	expect(0, 4, BLKIF_RSP_OKAY);
	expect(0, 3, BLKIF_RSP_OKAY);
	assert_int_equal(front->flushes, 1);
	front_process_reset(1, 0);
	assert_int_equal(front_start(true, "w"), 0);
	put(0, BLKIF_OP_WRITE, 5, 24, 1, 0);
	front_push(0);
	front_take();
	assert_int_equal(front_complete(), 1);
	assert_null(front_answer(0));
	fp.fail_next = -EIO;
	assert_int_equal(front_complete(), 1);
	expect(0, 5, BLKIF_RSP_ERROR);
	front_stop();
	front_reset();
	front_process_reset(1, 0);
	begin();
	put(0, BLKIF_OP_WRITE, 1, 8, 1, 0);
	serve();
	expect(0, 1, BLKIF_RSP_OKAY);
	assert_int_equal(front->flushes, 0);
	front_stop();
}

static void test_discard(void **state)
{
	blkif_request_discard_t *r;

	begin();
	fill(front->disk, sizeof(front->disk));
	put(0, BLKIF_OP_DISCARD, 1, 8, 0, 0);
	r = (blkif_request_discard_t *)(front_request(0) - 1);
	r->nr_sectors = 16;
	serve();
	expect(0, 1, BLKIF_RSP_OKAY);
	put(0, BLKIF_OP_DISCARD, 2, 80, 0, 0);
	r = (blkif_request_discard_t *)(front_request(0) - 1);
	r->nr_sectors = 1;
	r->flag = BLKIF_DISCARD_SECURE;
	serve();
	expect(0, 2, BLKIF_RSP_EOPNOTSUPP);
	assert_int_equal(front->disk[8 * SECTOR] | front->disk[24 * SECTOR - 1], 0);
	front_stop();
}

static void test_indirect(void **state)
{
	struct blkif_request_segment *s = (void *)front->page[200];
	blkif_request_indirect_t *r = (void *)front_request(0);
	unsigned int i;

	begin();
	fill(front->page[0], 100 * PAGE);
	for (i = 0; i < 100; i++)
		s[i] = (struct blkif_request_segment){ .gref = FRONT_REF + i, .last_sect = 7 };
	memset(r, 0, sizeof(*r));
	r->operation = BLKIF_OP_INDIRECT;
	r->indirect_op = BLKIF_OP_WRITE;
	r->nr_segments = 100;
	r->id = 9;
	r->sector_number = 1;
	r->indirect_grefs[0] = FRONT_REF + 200;
	front_next(0);
	serve();
	/* Linux checks that the answer names the operation that was meant. */
	const blkif_response_t *a = front_answer(0);
	assert_non_null(a);
	assert_int_equal(a->operation, BLKIF_OP_WRITE);
	assert_int_equal(a->status, BLKIF_RSP_OKAY);
	assert_memory_equal(front->disk + SECTOR, front->page[0], 100 * PAGE);
	front_stop();
}

static void test_wrong_requests(void **state)
{
	static const struct {
		uint8_t op, segments, first, last;
		uint64_t sector;
		uint32_t page;
		int16_t status;
	} wrong[] = {
		{ BLKIF_OP_READ, 0, 0, 7, 0, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_READ, 12, 0, 7, 0, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_READ, 255, 0, 7, 0, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_WRITE, 1, 5, 4, 0, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_WRITE, 1, 0, 8, 0, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_WRITE, 1, 255, 255, 0, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_READ, 1, 0, 7, FRONT_SECTORS - 7, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_READ, 1, 0, 7, FRONT_SECTORS, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_READ, 1, 0, 7, UINT64_MAX - 3, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_DISCARD, 0, 0, 7, UINT64_MAX, 0, BLKIF_RSP_ERROR },
		{ BLKIF_OP_READ, 1, 0, 7, 0, 5000, BLKIF_RSP_ERROR },
		{ BLKIF_OP_WRITE, 1, 0, 7, 0, 5000, BLKIF_RSP_ERROR },
		{ BLKIF_OP_RESERVED_1, 1, 0, 7, 0, 0, BLKIF_RSP_EOPNOTSUPP },
		{ 77, 1, 0, 7, 0, 0, BLKIF_RSP_EOPNOTSUPP },
	};
	blkif_request_t *r;
	size_t i;

	begin();
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put(0, wrong[i].op, i, wrong[i].sector, 1, wrong[i].page);
		r = front_request(0) - 1;
		r->nr_segments = wrong[i].segments;
		r->seg[0].first_sect = wrong[i].first;
		r->seg[0].last_sect = wrong[i].last;
		serve();
		expect(0, i, wrong[i].status);
	}
	front_stop();
}

static void test_readonly(void **state)
{
	assert_int_equal(front_start(false, "r"), 0);
	put(0, BLKIF_OP_WRITE, 1, 0, 1, 0);
	put(0, BLKIF_OP_WRITE_BARRIER, 2, 0, 1, 0);
	put(0, BLKIF_OP_READ, 3, 0, 1, 0);
	serve();
	expect(0, 1, BLKIF_RSP_ERROR);
	expect(0, 2, BLKIF_RSP_ERROR);
	expect(0, 3, BLKIF_RSP_OKAY);
	front_stop();
}

static void test_revoked_and_failing(void **state)
{
	begin();
	put(0, BLKIF_OP_READ, 1, 0, 2, 0);
	front_push(0);
	front_take();
	front->revoked[1] = true;
	front_serve();
	/* A page that is mapped already is not. */
	expect(0, 1, front_persistent ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
	put(0, BLKIF_OP_READ, 2, 0, 1, 0);
	fp.fail_next = -EIO;
	serve();
	expect(0, 2, BLKIF_RSP_ERROR);
	put(0, BLKIF_OP_READ, 3, 0, 1, 0);
	fp.fail_next = 512; /* not all of it */
	serve();
	expect(0, 3, BLKIF_RSP_ERROR);
	front_stop();
}

static void test_producer_jumps(void **state)
{
	static const uint32_t jumps[] = { 33, 64, 0x80000000, UINT32_MAX };
	size_t i;

	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		fresh(NULL);
		begin();
		front->req_prod[0] = jumps[i];
		front_push(0);
		front_take();
		assert_true(fp.failed);
		front_stop();
	}
}

/* A page is mapped once, and its data goes both ways; one that cannot be mapped is copied. */
static void test_pages_stay_mapped(void **state)
{
	struct text t = { 0 };
	unsigned int i;

	begin();
	for (i = 0; i < 20; i++) {
		fp.map_fails = i >= 15;
		fill(front->page[0], 4 * PAGE);
		put(0, BLKIF_OP_WRITE, 1, 16, 3, i < 18 ? 0 : 1);
		put(0, BLKIF_OP_READ, 2, 16, 3, i < 15 ? 10 : 20);
		front_push(0);
		front_take();
		front_complete();
		serve();
		expect(0, 1, BLKIF_RSP_OKAY);
		expect(0, 2, BLKIF_RSP_OKAY);
		assert_memory_equal(
			front->disk + 16 * SECTOR, front->page[i < 18 ? 0 : 1], 3 * PAGE);
		assert_memory_equal(
			front->page[i < 15 ? 10 : 20], front->disk + 16 * SECTOR, 3 * PAGE);
	}
	assert_int_equal(fp.maps, 2);
	assert_int_equal(fp.mapped, 6);
	disk_ops.statistics(&front_dev, &t);
	assert_non_null(strstr(t.s, "\npersistent_pages 6\n"));
	text_free(&t);
	front_stop();
	assert_int_equal(fp.mapped, 0);
}

/* Answers of one batch tell the guest once; an idle ring asks for the next event. */
static void test_one_notification(void **state)
{
	struct blkif_sring *s = (void *)front->ring[0];
	unsigned int i;

	begin();
	s->rsp_event = 1;
	for (i = 0; i < 20; i++)
		put(0, BLKIF_OP_READ, i, 0, 1, 0);
	serve();
	assert_int_equal(fp.notified, 1);
	assert_int_equal(s->req_event, 21);
	/* It does not want to know of these. */
	s->rsp_event = 500;
	put(0, BLKIF_OP_READ, 1, 0, 1, 0);
	serve();
	assert_int_equal(fp.notified, 1);
	front_stop();
}

static void test_disconnect_waits(void **state)
{
	begin();
	put(0, BLKIF_OP_READ, 1, 0, 1, 0);
	front_push(0);
	front_take();
	assert_false(disk_ops.disconnect(&front_dev));
	assert_false(fp.disconnected);
	front_complete();
	assert_true(fp.disconnected);
	expect(0, 1, BLKIF_RSP_OKAY);
	disk_ops.destroy(&front_dev);
}

/* A long ring full of requests: so many are at the source at once, and no more. */
static void test_in_flight_limit(void **state)
{
	unsigned int i, n, done = 0;

	front_process_reset(1, JOURNAL_RING_ORDER);
	begin();
	for (i = 0; i < JOURNAL_SLOTS; i++)
		put(0, BLKIF_OP_READ, i, 0, 1, 0);
	front_push(0);
	for (i = 0; done < JOURNAL_SLOTS && i < 20; i++) {
		front_take();
		front_take();
		front_take();
		n = front_complete();
		assert_in_range(n, 1, IN_FLIGHT_MAX);
		done += n;
	}
	assert_int_equal(done, JOURNAL_SLOTS);
	front_stop();
}

/* Requests of the largest size: no more of them are under way than there is memory for. */
static void test_memory_limit(void **state)
{
	struct blkif_request_segment *s = (void *)front->page[200];
	blkif_request_indirect_t *r;
	unsigned int i, n, done = 0;

	front_process_reset(1, JOURNAL_RING_ORDER);
	begin();
	for (i = 0; i < SEGMENTS_MAX; i++)
		s[i] = (struct blkif_request_segment){ .gref = FRONT_REF + i % 100,
			.last_sect = 7 };
	for (i = 0; i < 100; i++) {
		r = (void *)front_request(0);
		memset(r, 0, sizeof(*r));
		r->operation = BLKIF_OP_INDIRECT;
		r->indirect_op = BLKIF_OP_READ;
		r->nr_segments = SEGMENTS_MAX;
		r->id = i;
		r->indirect_grefs[0] = FRONT_REF + 200;
		front_next(0);
	}
	front_push(0);
	for (i = 0; done < 100 && i < 10; i++) {
		front_take();
		front_take();
		assert_int_equal(buffers_left(), done < 96 ? 0 : 32 - (100 - done));
		n = front_complete();
		assert_in_range(n, 1, 32);
		done += n;
		assert_int_equal(buffers_left(), 32);
	}
	assert_int_equal(done, 100);
	for (i = 0; i < 100; i++)
		expect(0, i, BLKIF_RSP_OKAY);
	front_stop();
}

static void test_limits(void **state)
{
	struct text t = { 0 };
	unsigned int i, done;

	begin();
	assert_int_equal(disk_ops.command(&front_dev, "limit iops=100 bps=0", &t), 0);
	for (i = 0; i < 30; i++)
		put(0, BLKIF_OP_READ, i, 0, 1, 0);
	front_push(0);
	for (done = i = 0; i < 5; i++) {
		front_take();
		done += front_complete();
	}
	assert_in_range(done, 1, 13);
	while (done < 30) {
		backend_loop_turn(20);
		front_take();
		done += front_complete();
	}
	front_stop();
	text_free(&t);
}

/* A load of writes, reads, flushes and barriers on all queues; every sector is written once. */
#define LOAD 24
static void put_load(unsigned int queues, unsigned int round)
{
	unsigned int q, i, page;

	for (q = 0; q < queues; q++) {
		for (i = 0; i < LOAD; i++) {
			page = q * LOAD + i;
			if (i % 8 == 3)
				put(q, BLKIF_OP_FLUSH_DISKCACHE, i, 0, 0, 0);
			else if (i % 8 == 5)
				put(q, BLKIF_OP_READ, i, 4000, 1, page);
			else
				put(q, i % 8 == 7 ? BLKIF_OP_WRITE_BARRIER : BLKIF_OP_WRITE, i,
					8 * (page + 200 * round), 1, page);
		}
		front_push(q);
	}
}

static void check_load(unsigned int queues, unsigned int round)
{
	unsigned int q, i, page;
	const blkif_response_t *a;

	for (q = 0; q < queues; q++) {
		uint64_t seen = 0;

		while ((a = front_answer(q))) {
			assert_int_equal(a->status, BLKIF_RSP_OKAY);
			assert_true(a->id < LOAD && !(seen >> a->id & 1));
			seen |= 1ULL << a->id;
		}
		assert_int_equal(seen, (1ULL << LOAD) - 1);
		for (i = 0; i < LOAD; i++) {
			page = q * LOAD + i;
			if (i % 8 == 5)
				assert_memory_equal(
					front->page[page], front->disk + 4000 * SECTOR, PAGE);
			else if (i % 8 != 3)
				assert_memory_equal(front->page[page],
					front->disk + (8 * (page + 200 * round)) * SECTOR, PAGE);
		}
	}
}

/* A process that serves the load and dies at an order point, or (0) does not. Its exit status. */
static int process(unsigned int queues, bool resuming, long crash_at)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		front_process_reset(queues, 0);
		fp.shuffle = true;
		fp.crash_at = crash_at;
		if (front_start(resuming, "w"))
			_exit(1);
		front_serve();
		_exit(fp.failed ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void die_everywhere(unsigned int queues)
{
	long at, second;
	int status;

	for (at = 1;; at++) {
		front_reset();
		front_process_reset(queues, 0);
		fill(front->page[0], sizeof(front->page));
		fill(front->disk + 4000 * SECTOR, PAGE);
		put_load(queues, 0);
		status = process(queues, false, at);
		if (status == 99 && at % 3 == 0) {
			/* The successor is killed too. */
			second = 1 + at * 7 % 50;
			assert_in_range(process(queues, true, second), 0, 99);
		}
		assert_int_equal(process(queues, true, 0), 0);
		check_load(queues, 0);
		/* And the connection is as good as new. */
		put_load(queues, 1);
		assert_int_equal(process(queues, true, 0), 0);
		check_load(queues, 1);
		if (!status)
			break;
	}
	/* There were points to die at: three a request taken, four a request answered. */
	assert_true(at > 6 * LOAD * queues);
}

static void test_death_at_every_point(void **state)
{
	die_everywhere(1);
}

static void test_death_with_two_queues(void **state)
{
	die_everywhere(2);
}

static void test_memory_of_another_connection(void **state)
{
	begin();
	front->journal.queue[0].refs[0]++;
	front_process_reset(1, 0);
	assert_int_equal(front_start(true, "w"), -1);
	assert_true(fp.failed);
}

static bool stop_writing;

/* A guest whose other processors write to the ring and to its pages all the time. */
static void *writer(void *arg)
{
	uint64_t x = 88172645463325252ULL, *at;

	while (!__atomic_load_n(&stop_writing, __ATOMIC_RELAXED)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at = (uint64_t *)(x & 1 ? front->ring[0] : front->page[200]);
		/* The index words now and then, so that the ring is not just dead. */
		if ((x >> 8 & 511) < 2 && (x >> 20 & 1023))
			continue;
		__atomic_store_n(&at[x >> 8 & 511], x >> 3 & 3 ? x >> 50 : x, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_hostile_writer(void **state)
{
	unsigned int round, i;
	pthread_t thread;

	stop_writing = false;
	begin();
	assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < 8; i++)
			front_next(0);
		front_push(0);
		front_serve();
		if (fp.failed) {
			front_stop();
			front_process_reset(1, 0);
			memset(front->req_prod, 0, sizeof(front->req_prod));
			struct blkif_sring *s = (void *)front->ring[0];
			__atomic_store_n(&s->req_prod, 0, __ATOMIC_RELAXED);
			__atomic_store_n(&s->rsp_prod, 0, __ATOMIC_RELAXED);
			begin();
		}
	}
	__atomic_store_n(&stop_writing, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	front_stop();
}

/* Fuzzed lives from a fixed seed; the fuzzer itself is `make fuzz-blkback`. */
static void test_fuzzed(void **state)
{
	uint8_t data[400];
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		fill(data, sizeof(data));
		assert_int_equal(fuzz_blkback(data, 1 + front_random(sizeof(data))), 0);
	}
}

#define BOTH(test)                                                      \
	{ #test, test, fresh_copied, NULL, NULL },                      \
	{                                                               \
#test "_persistent", test, fresh_persistent, NULL, NULL \
	}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BOTH(test_write_and_read),
		BOTH(test_parts_of_pages),
		BOTH(test_flush_and_barrier),
		BOTH(test_flush_fails),
		BOTH(test_discard),
		BOTH(test_indirect),
		BOTH(test_wrong_requests),
		BOTH(test_readonly),
		BOTH(test_revoked_and_failing),
		BOTH(test_producer_jumps),
		BOTH(test_one_notification),
		BOTH(test_disconnect_waits),
		BOTH(test_in_flight_limit),
		BOTH(test_memory_limit),
		BOTH(test_limits),
		BOTH(test_death_at_every_point),
		BOTH(test_death_with_two_queues),
		BOTH(test_memory_of_another_connection),
		BOTH(test_hostile_writer),
		cmocka_unit_test_setup(test_pages_stay_mapped, fresh_persistent),
		cmocka_unit_test_setup(test_fuzzed, fresh_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
