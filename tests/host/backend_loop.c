/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop of the back ends: nobody waits for ever while others always have news; what is set or
 * ended from within a handler counts at once; nothing to do is no turn.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/lib/backend.h"
#include "tools/lib/backend_loop.h"

#define MANY 40 /* more than a turn serves */

struct hot {
	struct backend_watch watch;
	int fd;
	unsigned int served;
	struct hot *ends; /* whose watch it ends */
};
static struct hot hot[MANY];
static sd_event_source *timer;
static unsigned int over, slow;
static uint64_t after_us;

static void ready(void *arg)
{
	struct hot *h = arg;

	h->served++;
	if (h->ends)
		backend_unwatch(&h->ends->watch);
}

/* Always ready until it is read. */
static int new_fd(void)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static void begin(struct hot *h, void (*handler)(void *arg))
{
	*h = (struct hot){ .fd = new_fd() };
	assert_int_equal(backend_watch(&h->watch, h->fd, EPOLLIN, handler, h), 0);
}

static void end(struct hot *h)
{
	backend_unwatch(&h->watch);
	close(h->fd);
}

static int setup(void **s)
{
	over = slow = 0;
	timer = NULL;
	return backend_loop_open();
}

static int teardown(void **s)
{
	sd_event_source_disable_unref(timer);
	backend_loop_close();
	return 0;
}

static int always(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	slow++;
	return 0;
}

static void test_nobody_starves(void **s)
{
	unsigned int i;
	int fd = new_fd();

	assert_true(sd_event_add_io(backend_loop(), NULL, fd, EPOLLIN, always, NULL) >= 0);
	for (i = 0; i < MANY; i++)
		begin(&hot[i], ready);
	for (i = 0; i < 60; i++)
		assert_true(backend_loop_turn(0) > 0);
	/* A third of them in each turn. */
	for (i = 0; i < MANY; i++) {
		assert_in_range(hot[i].served, 15, 30);
		end(&hot[i]);
	}
	assert_in_range(slow, 15, 60);
	close(fd);
}

static int timer_over(sd_event_source *src, uint64_t now, void *arg)
{
	over++;
	return 0;
}

static void set_timer(void *arg)
{
	struct hot *h = arg;
	uint64_t n;

	h->served++;
	assert_int_equal(read(h->fd, &n, sizeof(n)), sizeof(n));
	assert_int_equal(backend_after(&timer, after_us, timer_over, NULL), 0);
}

/* Until the timer is over; how often something woke us. */
static unsigned int wait_for_timer(void)
{
	unsigned int turns = 0;
	int n;

	while (!over && turns < 10) {
		n = backend_loop_turn(5000);
		/* 5 s without anything: it was not armed. */
		assert_true(n > 0);
		turns++;
	}
	assert_int_equal(over, 1);
	return turns;
}

static void test_timer_of_a_hot_handler(void **s)
{
	uint64_t one = 1;

	/* The library sleeps already when it is set. */
	assert_int_equal(backend_loop_turn(0), 0);
	begin(&hot[0], set_timer);
	after_us = 20000;
	assert_in_range(wait_for_timer(), 2, 4);
	/* And set anew: later than it was. */
	over = 0;
	after_us = 1000000000;
	assert_int_equal(write(hot[0].fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(backend_loop_turn(0), 1);
	assert_int_equal(backend_loop_turn(20), 0);
	after_us = 1000;
	assert_int_equal(write(hot[0].fd, &one, sizeof(one)), sizeof(one));
	assert_in_range(wait_for_timer(), 2, 4);
	assert_int_equal(hot[0].served, 3);
	end(&hot[0]);
}

static void test_ended_while_ready(void **s)
{
	unsigned int i;

	/* Whoever is first ends the other one, whose event is there; the third ends itself. */
	for (i = 0; i < 3; i++)
		begin(&hot[i], ready);
	hot[0].ends = &hot[1];
	hot[1].ends = &hot[0];
	hot[2].ends = &hot[2];
	for (i = 0; i < 10; i++)
		assert_true(backend_loop_turn(0) > 0);
	assert_int_equal(hot[0].served + hot[1].served, 10);
	assert_true(!hot[0].served || !hot[1].served);
	assert_int_equal(hot[2].served, 1);
	/* It may begin again, and ending what has not begun is nothing. */
	backend_unwatch(&hot[2].watch);
	assert_int_equal(backend_watch(&hot[2].watch, hot[2].fd, EPOLLIN, ready, &hot[2]), 0);
	backend_loop_turn(0);
	assert_int_equal(hot[2].served, 2);
	for (i = 0; i < 3; i++)
		end(&hot[i]);
}

static void test_nothing_to_do(void **s)
{
	unsigned int i;

	begin(&hot[0], set_timer);
	after_us = 1000;
	wait_for_timer();
	end(&hot[0]);
	/* The library has had its turn and leaves nothing that wakes us. */
	for (i = 0; i < 20; i++)
		assert_int_equal(backend_loop_turn(2), 0);
	assert_int_equal(over, 1);
}

static void tell_to_exit(void *arg)
{
	sd_event_exit(backend_loop(), 7);
	backend_loop_changed();
}

static void test_exit_from_a_hot_handler(void **s)
{
	int i, rc = 0, code = 0;

	assert_int_equal(backend_loop_turn(0), 0);
	begin(&hot[0], tell_to_exit);
	for (i = 0; i < 3 && rc >= 0; i++)
		rc = backend_loop_turn(-1);
	assert_int_equal(rc, -ESHUTDOWN);
	assert_true(sd_event_get_exit_code(backend_loop(), &code) >= 0);
	assert_int_equal(code, 7);
	end(&hot[0]);
}

static void test_bad_descriptor(void **s)
{
	struct backend_watch w = { 0 };

	assert_int_equal(backend_watch(&w, -1, EPOLLIN, ready, NULL), -1);
	assert_int_equal(errno, EBADF);
	assert_null(w.ready);
	backend_unwatch(&w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_nobody_starves),
		T(test_timer_of_a_hot_handler),
		T(test_ended_while_ready),
		T(test_nothing_to_do),
		T(test_exit_from_a_hot_handler),
		T(test_bad_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
