/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile front ends of the network back end: scripts drawn from a fixed seed for the fuzzer's
 * target; and, built with TSan instead (netback_race), a thread that rewrites both rings while the
 * back end works on them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "netback/ctrl.h"
#include "netback/slots.h"
#include "tests/fuzz/netback.h"
#include "tests/host/netback_fake.h"

#define SCRIPTS	 4000
#define SIZE	 400
#define RESTARTS 300
#define TURNS	 40
#define SECONDS	 60

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void test_scripts(void **state)
{
	uint8_t script[SIZE];
	uint32_t seed = 1;

	for (unsigned int i = 0; i < SCRIPTS; i++) {
		size_t len = draw(&seed) % SIZE;

		for (size_t k = 0; k < len; k++)
			script[k] = draw(&seed) % 3 ? draw(&seed) % 12 : draw(&seed);
		fuzz_netback(script, len);
	}
}

struct writer {
	struct fake *f;
	struct xen_netif_ctrl_sring *control;
	bool end;
};

/* A word of a transmit request: grant, flags and offset, size and id. Mostly good ones. */
static uint32_t transmit_word(unsigned int which, uint32_t *seed)
{
	if (which == 0)
		return draw(seed) % 256;
	if (which == 1)
		return draw(seed) % 1000 | (draw(seed) % 64 ? 0 : draw(seed) % 16) << 16;
	return (draw(seed) % 3000) << 16;
}

/* A word of a control request: its type and id, a grant, numbers; and now and then the indices. */
static void rewrite_control(struct xen_netif_ctrl_sring *ring, uint32_t *seed)
{
	uint32_t *words = (uint32_t *)ring->ring, at = draw(seed) % 64;

	if (at % 4)
		__atomic_store_n(
			&words[at], draw(seed) % (at % 4 == 1 ? 3 : 130), __ATOMIC_RELAXED);
	else
		__atomic_store_n(&words[at], (draw(seed) % 9) << 16, __ATOMIC_RELAXED);
	__atomic_store_n(
		&ring->req_prod, slot_load(&ring->rsp_prod) + draw(seed) % 4, __ATOMIC_RELEASE);
}

static void *rewrite(void *arg)
{
	struct writer *w = arg;
	uint32_t seed = 7, *tx = (uint32_t *)w->f->tx.page, *rx = (uint32_t *)w->f->rx.page, n, at;

	for (n = 0; !__atomic_load_n(&w->end, __ATOMIC_RELAXED); n++) {
		at = draw(&seed) % 768;
		__atomic_store_n(&tx[16 + at], transmit_word(at % 3, &seed), __ATOMIC_RELAXED);
		__atomic_store_n(&rx[16 + draw(&seed) % 512], draw(&seed) % 520, __ATOMIC_RELAXED);
		if (n % 16)
			continue;
		rewrite_control(w->control, &seed);
		__atomic_store_n(tx, slot_load(&w->f->tx.ring.rsp_prod) + draw(&seed) % 64,
			__ATOMIC_RELEASE);
		__atomic_store_n(rx, slot_load(&w->f->rx.ring.rsp_prod) + draw(&seed) % 200,
			__ATOMIC_RELEASE);
		if (!(n % 1024))
			__atomic_store_n(&tx[draw(&seed) % 4], draw(&seed), __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_rewritten_meanwhile(void **state)
{
	static uint32_t page[NET_PAGE / 4];
	struct writer w = { fake_new(), (void *)page, false };
	struct hash hash = { 0 };
	struct ctrl control = { .q = &w.f->q, .ring = w.control, .queues = 1 };
	uint8_t frame[3000] = { 0 };
	bool notify, hashed = false;
	unsigned int broken = 0, sent = 0, i, k;
	time_t end = time(NULL) + SECONDS;
	pthread_t thread;

	memcpy(frame + 12, "\x08\x00\x45", 3);
	w.f->f.hash = &hash;
	w.f->f.queue[0] = &w.f->q;
	w.f->f.queues = 1;
	assert_int_equal(pthread_create(&thread, NULL, rewrite, &w), 0);
	/* Until both have happened: who runs when is not ours to say. */
	for (i = 0; (i < RESTARTS || !sent || !broken || !hashed) && time(NULL) < end; i++) {
		*w.f->q.broken = 0;
		if (queue_start(&w.f->q) || ctrl_start(&control)) {
			broken++;
			continue;
		}
		for (k = 0; k < TURNS && !*w.f->q.broken; k++) {
			fake_arrive(w.f, NULL, frame, sizeof(frame));
			tx_turn(&w.f->q);
			if (!*w.f->q.broken)
				ctrl_turn(&control, &notify);
			hashed |= hash_on(&hash);
			if (!*w.f->q.broken)
				rx_turn(&w.f->q);
			sent += w.f->nsent;
			fake_clear(w.f);
		}
		broken += *w.f->q.broken != 0;
	}
	__atomic_store_n(&w.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	fake_free(w.f);
	/* It was neither all refused nor all taken. */
	assert_true(broken);
	assert_true(sent);
	assert_true(hashed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_rewritten_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
