/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/timer.c and the vcpu timers of core/vcpu.c on the virtual clock. */
#include "fake_machine.h"

#include <string.h>
#include <ucontext.h>

#include "core/event.h"
#include "core/softirq.h"
#include "core/timer.h"
#include "x86/upcalls.h"

struct probe {
	struct timer t;
	unsigned fired, cpu;
	u64 at, again;
};

static void probe_fn(void *arg)
{
	struct probe *p = arg;

	p->fired++;
	p->at = fake_time;
	p->cpu = fake_cpu;
	if (p->again) {
		timer_set(&p->t, fake_time + p->again);
		p->again = 0;
	}
}

static void probe_init(struct probe *p, unsigned cpu)
{
	*p = (struct probe){ .fired = 0 };
	timer_init(&p->t, probe_fn, p, cpu);
}

static void test_order_and_cpu(void **state)
{
	struct probe p[8];
	u64 t0 = fake_time;

	for (unsigned i = 0; i < 8; i++) {
		probe_init(&p[i], i % 4);
		timer_set(&p[i].t, t0 + 1000 * (8 - i));
	}
	fake_settle();
	fake_advance(t0 + 4000);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(p[i].fired, i >= 4);
	fake_advance(t0 + 9000);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(p[i].fired, 1);
		assert_int_equal(p[i].cpu, i % 4);
		assert_int_equal(p[i].at, t0 + 1000 * (8 - i));
	}
}

static void test_stop_set_again_past(void **state)
{
	struct probe p;
	u64 t0 = fake_time;

	probe_init(&p, 1);
	timer_stop(&p.t); /* never set */
	timer_set(&p.t, t0 + 100);
	timer_stop(&p.t);
	fake_advance(t0 + 200);
	assert_int_equal(p.fired, 0);
	timer_set(&p.t, t0 + 300);
	timer_set(&p.t, t0 + 500); /* moved, not doubled */
	fake_settle();
	fake_advance(t0 + 400);
	assert_int_equal(p.fired, 0);
	fake_advance(t0 + 600);
	assert_int_equal(p.fired, 1);
	p.again = 50;
	timer_set(&p.t, 5); /* long past: at once */
	fake_settle();
	fake_advance(t0 + 601);
	assert_int_equal(p.fired, 2);
	fake_advance(t0 + 700);
	assert_int_equal(p.fired, 3);
}

static void test_migrate(void **state)
{
	struct probe p;
	u64 t0 = fake_time;

	probe_init(&p, 0);
	timer_set(&p.t, t0 + 100);
	timer_migrate(&p.t, 3);
	fake_settle();
	fake_advance(t0 + 100);
	assert_int_equal(p.fired, 1);
	assert_int_equal(p.cpu, 3);
}

static void test_random(void **state)
{
	static struct probe p[200];
	u64 t0 = fake_time, due[200];
	bool armed[200] = { false };

	srand(5);
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
		probe_init(&p[i], i % 4);
	for (unsigned round = 0; round < 5000; round++) {
		unsigned i = (unsigned)rand() % ARRAY_SIZE(p);

		fake_cpu = (unsigned)rand() % 4;
		if (rand() % 3) {
			due[i] = fake_time + (unsigned)rand() % 5000;
			armed[i] = true;
			timer_set(&p[i].t, due[i]);
		} else {
			timer_stop(&p[i].t);
			armed[i] = false;
		}
		fake_settle();
		fake_advance(fake_time + (unsigned)rand() % 100);
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			bool should = armed[i] && due[i] <= fake_time;

			assert_int_equal(p[i].fired, should);
			if (should)
				armed[i] = false;
			p[i].fired = 0;
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
		timer_stop(&p[i].t);
	assert_true(fake_time > t0);
}

static struct domain *d;
static u32 timer_port;

static bool take_pending(u32 port)
{
	bool was = d->shared->evtchn_pending[port / 64] >> (port % 64) & 1;

	d->shared->evtchn_pending[port / 64] &= ~BIT(port % 64);
	d->vcpu[0]->info->evtchn_pending_sel = 0;
	d->vcpu[0]->info->evtchn_upcall_pending = 0;
	return was;
}

static void test_singleshot(void **state)
{
	struct vcpu *v = d->vcpu[0];
	u64 t0 = fake_time;

	assert_int_equal(vcpu_set_singleshot(v, t0 + 1000), 0);
	fake_settle();
	fake_advance(t0 + 999);
	assert_false(take_pending(timer_port));
	fake_advance(t0 + 1000);
	assert_true(take_pending(timer_port));
	assert_int_equal(vcpu_set_singleshot(v, t0 + 2000), 0);
	vcpu_stop_singleshot(v);
	fake_advance(t0 + 3000);
	assert_false(take_pending(timer_port));
	assert_int_equal(vcpu_set_singleshot(v, t0), 0); /* past: at once */
	fake_settle();
	fake_advance(fake_time + 1);
	assert_true(take_pending(timer_port));
}

static void test_periodic(void **state)
{
	struct vcpu *v = d->vcpu[0];
	u64 t0 = fake_time;
	unsigned ticks = 0;

	assert_int_equal(vcpu_set_periodic(v, 999999), -EINVAL);
	assert_int_equal(vcpu_set_periodic(v, ~0ull), -EINVAL);
	assert_int_equal(vcpu_set_periodic(v, 10000000), 0);
	fake_settle();
	for (unsigned ms = 1; ms <= 100; ms++) {
		fake_advance(t0 + ms * 1000000ull);
		ticks += take_pending(timer_port);
	}
	assert_int_equal(ticks, 10);
	/* no ticks while it does not run; one when it does again */
	vcpu_pause(v);
	fake_advance(fake_time + 55000000);
	assert_false(take_pending(timer_port));
	vcpu_unpause(v);
	fake_settle();
	assert_true(take_pending(timer_port));
	fake_advance(fake_time + 4000000);
	assert_false(take_pending(timer_port));
	fake_advance(fake_time + 2000000);
	assert_true(take_pending(timer_port));
	assert_int_equal(vcpu_set_periodic(v, 0), 0);
	fake_advance(fake_time + 50000000);
	assert_false(take_pending(timer_port));
}

/* ---- a handler that sets its timer again while another CPU stops it ---- */

static ucontext_t stopper, handler;
static struct timer repeating;

static void repeating_fn(void *arg)
{
	fake_cpu = 0; /* the other CPU goes on now */
	swapcontext(&handler, &stopper);
	fake_cpu = 1;
	timer_set(&repeating, fake_time + 1000);
}

static void fire_on_1(void)
{
	fake_cpu = 1;
	fake_time += 1000;
	upcall_timer();
	softirq_run();
	fake_cpu = 0;
}

static void let_handler_go_on(void)
{
	swapcontext(&stopper, &handler);
}

static void test_stop_against_handler(void **state)
{
	static char stack[256 * 1024];
	u64 before = fake_time;

	timer_init(&repeating, repeating_fn, NULL, 1);
	timer_set(&repeating, fake_time + 1000);
	getcontext(&handler);
	handler.uc_stack.ss_sp = stack;
	handler.uc_stack.ss_size = sizeof(stack);
	handler.uc_link = &stopper;
	makecontext(&handler, fire_on_1, 0);
	swapcontext(&stopper, &handler);
	assert_int_equal(fake_time, before + 1000);
	fake_relax = let_handler_go_on;
	timer_stop(&repeating);
	assert_null(fake_relax);       /* it did wait for the handler */
	assert_false(repeating.armed); /* its memory may be freed now */
	fake_cpu = FAKE_OUTSIDE;
	fake_settle();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_cpu),
		cmocka_unit_test(test_stop_set_again_past),
		cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_singleshot),
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_stop_against_handler),
	};

	fake_boot(4, 2048);
	d = fake_domain(1, 1, false);
	if (vcpu_set_periodic(d->vcpu[0], 0)) /* the default tick */
		return 1;
	if (event_bind_virq(d, VIRQ_TIMER, 0, &timer_port))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
