/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core/sched.c and sched_sfs.c on the virtual clock. A vcpu that runs is busy until something stops
 * it. SCHED_CPUS, from the build, says how many CPUs there are: one, two, four, and more than a
 * group of the policy.
 */
#include "fake_machine.h"

#include <string.h>

#include "core/event.h"
#include "core/sched.h"
#include "core/softirq.h"

#define MS  1000000ull
#define SEC 1000000000ull

static struct domain *d[8];
static u64 base[8][64];

static void start(unsigned n, unsigned vcpus)
{
	for (unsigned i = 0; i < n; i++)
		d[i] = fake_domain((u16)(1 + i), vcpus, true);
}

static void go(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(domain_unpause_by_controller(d[i]), 0);
	fake_settle();
}

static void stop(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fake_kill(d[i]);
}

static void mark(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned v = 0; v < d[i]->max_vcpus; v++)
			base[i][v] = vcpu_cpu_time(d[i]->vcpu[v]);
}

static u64 ran(unsigned i)
{
	u64 sum = 0;

	for (unsigned v = 0; v < d[i]->max_vcpus; v++)
		sum += vcpu_cpu_time(d[i]->vcpu[v]) - base[i][v];
	return sum;
}

/* Domain i got that many thousandths of one CPU over `time`, within `within` thousandths. */
static void check_share(unsigned i, u64 time, int expect, int within)
{
	int got = (int)(ran(i) * 1000 / time);

	if (got < expect - within || got > expect + within)
		print_error("domain %u: %d thousandths of a CPU, not %d\n", i, got, expect);
	assert_in_range(got, expect - within, expect + within);
}

static void run(unsigned n, u64 time)
{
	fake_advance(fake_time + SEC / 4);
	mark(n);
	fake_advance(fake_time + time);
}

static void test_equal(void **state)
{
	int cpus = (int)cpu_online_count();

	start(3, 1);
	go(3);
	run(3, 10 * SEC);
	for (unsigned i = 0; i < 3; i++)
		check_share(i, 10 * SEC, cpus >= 3 ? 1000 : cpus * 1000 / 3, 15);
	stop(3);
}

/* The paper's example: 10:1:1 on two CPUs can only be 2:1:1. */
static void test_readjusted(void **state)
{
	static const u32 weights[3] = { 2560, 256, 256 };
	int cpus = (int)cpu_online_count();

	start(3, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sched_adjust(d[i], weights[i], 0), 0);
	go(3);
	run(3, 10 * SEC);
	if (cpus == 1) {
		check_share(0, 10 * SEC, 833, 20);
		check_share(1, 10 * SEC, 83, 10);
		check_share(2, 10 * SEC, 83, 10);
	} else if (cpus == 2) {
		check_share(0, 10 * SEC, 1000, 20);
		check_share(1, 10 * SEC, 500, 20);
		check_share(2, 10 * SEC, 500, 20);
	} else {
		for (unsigned i = 0; i < 3; i++)
			check_share(i, 10 * SEC, 1000, 5);
	}
	stop(3);
}

/*
 * Without readjustment the heavy one's tag would lag ever more, and whoever comes later, entering
 * at that tag, would keep the light ones from running until it had caught up with them.
 */
static void test_newcomer_does_not_starve(void **state)
{
	static const u32 weights[4] = { 2560, 256, 256, 256 };

	if (cpu_online_count() != 2)
		return;
	start(4, 1);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sched_adjust(d[i], weights[i], 0), 0);
	go(3);
	fake_advance(fake_time + 20 * SEC);
	assert_int_equal(domain_unpause_by_controller(d[3]), 0);
	fake_settle();
	mark(4);
	fake_advance(fake_time + SEC);
	check_share(0, SEC, 1000, 60);
	for (unsigned i = 1; i < 4; i++)
		check_share(i, SEC, 333, 60);
	stop(4);
}

static void test_weights_on_one_cpu(void **state)
{
	static const u32 weights[4] = { 512, 256, 128, 1024 };
	struct cpumask one = { { 1 } };

	start(4, 1);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(sched_adjust(d[i], weights[i], 0), 0);
		assert_int_equal(vcpu_set_affinity(d[i]->vcpu[0], &one, &one), 0);
	}
	go(4);
	run(4, 20 * SEC);
	if (cpu_online_count() == 1)
		for (unsigned i = 0; i < 4; i++)
			check_share(i, 20 * SEC, (int)weights[i] * 1000 / 1920, 20);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(ran(i) > 20 * SEC / 40); /* nobody starves, wherever it is pinned */
		assert_int_equal(d[i]->vcpu[0]->processor, 0);
	}
	stop(4);
}

/* A domain's weight is the domain's: many vcpus do not make it more. */
static void test_vcpus_share_the_weight(void **state)
{
	int cpus = (int)cpu_online_count();

	if (cpus > 2)
		return;
	d[0] = fake_domain(1, 1, true);
	d[1] = fake_domain(2, 4, true);
	go(2);
	run(2, 10 * SEC);
	check_share(0, 10 * SEC, cpus * 500, 20);
	check_share(1, 10 * SEC, cpus * 500, 20);
	stop(2);
}

static void test_weight_change(void **state)
{
	struct cpumask one = { { 1 } };

	start(2, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(vcpu_set_affinity(d[i]->vcpu[0], &one, &one), 0);
	go(2);
	run(2, 2 * SEC);
	check_share(0, 2 * SEC, 500, 20);
	assert_int_equal(sched_adjust(d[0], 0, 0), -EINVAL);
	assert_int_equal(sched_adjust(d[0], 65536, 0), -EINVAL);
	assert_int_equal(sched_adjust(d[0], 768, 0), 0);
	run(2, 10 * SEC);
	if (cpu_online_count() == 1)
		check_share(0, 10 * SEC, 750, 20);
	stop(2);
}

static void test_cap(void **state)
{
	start(3, 1);
	assert_int_equal(sched_adjust(d[0], 256, 20), 0);
	go(1);
	run(1, 5 * SEC); /* alone: the cap still holds */
	check_share(0, 5 * SEC, 200, 10);
	assert_int_equal(domain_unpause_by_controller(d[1]), 0);
	assert_int_equal(domain_unpause_by_controller(d[2]), 0);
	fake_settle();
	run(3, 5 * SEC);
	check_share(0, 5 * SEC, 200, 10);
	if (cpu_online_count() == 1) {
		check_share(1, 5 * SEC, 400, 20);
		check_share(2, 5 * SEC, 400, 20);
	}
	assert_int_equal(sched_adjust(d[0], 256, 0), 0); /* lifted */
	run(3, 5 * SEC);
	check_share(0, 5 * SEC, cpu_online_count() >= 3 ? 1000 : (int)cpu_online_count() * 333, 20);
	stop(3);
}

static void test_cap_of_several_vcpus(void **state)
{
	if (cpu_online_count() < 2)
		return;
	d[0] = fake_domain(1, 2, true);
	assert_int_equal(sched_adjust(d[0], 256, 150), 0);
	go(1);
	run(1, 5 * SEC);
	check_share(0, 5 * SEC, 1500, 40);
	stop(1);
}

/* What weights and caps (0 none) entitle domains to, in thousandths of a CPU: what one cannot use
 * for its cap or its number of vcpus is shared out among the others by weight. */
static void ideal(unsigned n, const u32 *weight, const u32 *cap, int *due)
{
	double rest = cpu_online_count() * 1000, bound[8];
	bool held[8] = { 0 }, again = true;
	u32 weights;

	for (unsigned i = 0; i < n; i++)
		bound[i] = min(cap[i] ? cap[i] * 10 : ~0u, d[i]->max_vcpus * 1000);
	while (again) {
		again = false;
		weights = 0;
		for (unsigned i = 0; i < n; i++)
			weights += held[i] ? 0 : weight[i];
		for (unsigned i = 0; i < n && !again; i++) {
			if (held[i] || rest * weight[i] < bound[i] * weights)
				continue;
			held[i] = again = true;
			due[i] = (int)bound[i];
			rest -= bound[i];
		}
	}
	for (unsigned i = 0; i < n; i++)
		if (!held[i])
			due[i] = (int)(rest * weight[i] / weights);
}

static void test_caps_at_equal_weights(void **state)
{
	static const u32 weight[3] = { 256, 256, 256 }, cap[3] = { 20, 50, 80 };
	int due[3];

	start(3, 1);
	ideal(3, weight, cap, due);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sched_adjust(d[i], weight[i], cap[i]), 0);
	go(3);
	run(3, 10 * SEC);
	for (unsigned i = 0; i < 3; i++)
		check_share(i, 10 * SEC, due[i], due[i] / 50);
	stop(3);
}

static void test_weights_and_caps(void **state)
{
	static const u32 weights[] = { 64, 128, 256, 512, 1024 };
	static const u32 caps[] = { 0, 0, 0, 5, 10, 20, 30, 50, 65, 80, 90, 120 };

	if (cpu_online_count() > 4)
		return;
	srand(10);
	for (unsigned round = 0; round < 300; round++) {
		unsigned n = 2 + (unsigned)rand() % 6;
		u32 weight[8], cap[8];
		int due[8];

		for (unsigned i = 0; i < n; i++) {
			d[i] = fake_domain(
				(u16)(1 + i), 1 + (unsigned)(rand() % 6 / 3 * rand() % 4), true);
			weight[i] = weights[(unsigned)rand() % ARRAY_SIZE(weights)];
			cap[i] = caps[(unsigned)rand() % ARRAY_SIZE(caps)];
			assert_int_equal(sched_adjust(d[i], weight[i], cap[i]), 0);
		}
		ideal(n, weight, cap, due);
		go(n);
		run(n, 10 * SEC);
		for (unsigned i = 0; i < n; i++) {
			int got = (int)(ran(i) * 1000 / (10 * SEC)), within = max(due[i] / 50, 5);

			if (abs(got - due[i]) > within)
				print_error(
					"round %u, domain %u of %u: weight %u, cap %u, %u vcpus\n",
					round, i, n, weight[i], cap[i], d[i]->max_vcpus);
			check_share(i, 10 * SEC, due[i], within);
			if (cap[i]) /* never more, but for the turn that was running */
				assert_true(got <= (int)cap[i] * 10 + 4);
		}
		stop(n);
	}
}

/* A cap set while the domain has a CPU to itself, and so no end of its turn, holds at once. */
static void test_cap_while_running(void **state)
{
	start(1, 1);
	go(1);
	run(1, SEC);
	check_share(0, SEC, 1000, 0);
	assert_int_equal(sched_adjust(d[0], 256, 30), 0);
	fake_settle();
	mark(1);
	fake_advance(fake_time + SEC);
	check_share(0, SEC, 300, 10);
	stop(1);
}

/* Neither sleep nor waiting makes a cap's budget more than a few turns. */
static void test_cap_is_not_saved_up(void **state)
{
	unsigned n = cpu_online_count() + 2;
	u64 most = 30 * 100 * MS / 100 + 6 * MS + 20 * MS;

	if (n > 7)
		return;
	start(n, 1);
	assert_int_equal(sched_adjust(d[0], 256, 30), 0);
	go(n);
	for (unsigned round = 0; round < 100; round++) {
		if (round % 3 == 0) {
			domain_pause(d[0]);
			fake_advance(fake_time + (SEC / 2));
			domain_unpause(d[0]);
		} else {
			for (unsigned i = 1; i < n; i++)
				domain_pause(d[i]);
		}
		fake_settle();
		mark(1);
		fake_advance(fake_time + 100 * MS);
		assert_in_range(ran(0), 10 * MS, most);
		for (unsigned i = 1; i < n && round % 3; i++)
			domain_unpause(d[i]);
		fake_settle();
		fake_advance(fake_time + (u64)rand() % (100 * MS));
	}
	stop(n);
}

/* ---- wake-ups ---- */

static void do_block(void *arg)
{
	vcpu_block();
}

static void block(struct vcpu *v)
{
	v->info->evtchn_upcall_pending = 0;
	v->info->evtchn_pending_sel = 0;
	memset(v->domain->shared->evtchn_pending, 0, 8);
	for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++)
		if (fake_current[cpu] == v)
			fake_on(cpu, do_block, NULL);
}

/* A vcpu that mostly sleeps runs at once when it is woken, whatever load there is; afterwards it
 * gets no more than its share. */
static void test_wake_latency(void **state)
{
	u64 worst = 0, slept_time;
	unsigned cpus = cpu_online_count(), n = cpus < 6 ? cpus + 1 : 7;
	u32 port;

	start(n, 4);
	d[7] = fake_domain(20, 1, true);
	assert_int_equal(event_bind_ipi(d[7], 0, &port), 0);
	go(n);
	assert_int_equal(domain_unpause_by_controller(d[7]), 0);
	fake_settle();
	fake_advance(fake_time + SEC);
	for (unsigned i = 0; i < 300; i++) {
		struct vcpu *v = d[7]->vcpu[0];
		u64 woken;

		while (!fake_runs(v))
			fake_advance(fake_time + MS / 10);
		block(v);
		assert_false(fake_runs(v));
		fake_advance(fake_time + 3 * MS + (u64)i * 1237);
		woken = fake_time;
		assert_int_equal(event_send(d[7], port), 0);
		fake_settle();
		while (!fake_runs(v))
			fake_advance(fake_time + MS / 20);
		worst = max(worst, fake_time - woken);
		fake_advance(fake_time + MS / 5);
	}
	assert_true(worst <= 2 * MS);
	/* one second of sleep is no credit */
	block(d[7]->vcpu[0]);
	fake_advance(fake_time + SEC);
	assert_int_equal(event_send(d[7], port), 0);
	fake_settle();
	slept_time = vcpu_cpu_time(d[7]->vcpu[0]);
	fake_advance(fake_time + SEC);
	if (cpus == 1)
		assert_true(vcpu_cpu_time(d[7]->vcpu[0]) - slept_time < 500 * MS);
	fake_kill(d[7]);
	stop(n);
}

/* An idle CPU takes work, and a freed one too: no CPU idles while somebody waits. */
static void test_work_conserving(void **state)
{
	unsigned cpus = cpu_online_count();
	struct vcpu *v;
	u64 idle = 0, before;

	start(6, 8); /* 48 vcpus */
	go(6);
	fake_advance(fake_time + SEC / 10);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		idle += sched_idle_time(cpu);
	before = idle;
	srand(8);
	for (unsigned i = 0; i < 2000; i++) {
		v = d[rand() % 6]->vcpu[rand() % 8];
		if (rand() % 2 && cpus <= 16) {
			vcpu_pause_nosync(v);
			fake_advance(fake_time + (u64)rand() % MS);
			vcpu_unpause(v);
		}
		fake_settle();
		fake_advance(fake_time + (u64)rand() % MS);
	}
	idle = 0;
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		idle += sched_idle_time(cpu);
	assert_true(idle - before <= (cpus <= 16 ? 0 : 100 * MS * cpus));
	stop(6);
}

static void test_affinity(void **state)
{
	unsigned cpus = cpu_online_count();
	struct cpumask none = { { 0 } }, last = { { 0 } }, off = { { 0 } };
	struct vcpu *v;

	cpumask_set(&last, cpus - 1);
	cpumask_set(&off, cpus);
	start(2, 4);
	go(2);
	v = d[0]->vcpu[2];
	assert_int_equal(vcpu_set_affinity(v, &none, &last), -EINVAL);
	assert_int_equal(vcpu_set_affinity(v, &off, &last), -EINVAL);
	assert_int_equal(vcpu_set_affinity(v, &last, &last), 0);
	fake_settle();
	mark(2);
	for (unsigned i = 0; i < 2000; i++) {
		fake_advance(fake_time + MS / 2);
		for (unsigned cpu = 0; cpu + 1 < cpus; cpu++)
			assert_ptr_not_equal(fake_current[cpu], v);
	}
	assert_true(vcpu_cpu_time(v) - base[0][2] > SEC / 20);
	/* away from the CPU that it runs on, while it waits, and while it sleeps */
	for (unsigned i = 0; i < 40; i++) {
		struct cpumask one = { { 0 } };

		cpumask_set(&one, i * 7 % cpus);
		if (i % 3 == 1)
			vcpu_pause(v);
		assert_int_equal(vcpu_set_affinity(v, &one, &one), 0);
		fake_settle();
		if (i % 3 == 1)
			vcpu_unpause(v);
		fake_settle();
		mark(1);
		fake_advance(fake_time + SEC / 4);
		assert_int_equal(v->processor, i * 7 % cpus);
		assert_true(vcpu_cpu_time(v) > base[0][2]);
	}
	stop(2);
}

static void do_yield(void *arg)
{
	vcpu_yield();
}

static void test_yield(void **state)
{
	struct cpumask one = { { 1 } };
	struct vcpu *first;

	start(2, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(vcpu_set_affinity(d[i]->vcpu[0], &one, &one), 0);
	go(2);
	first = fake_current[0];
	fake_advance(fake_time + MS / 10);
	assert_ptr_equal(fake_current[0], first);
	fake_on(0, do_yield, NULL);
	assert_ptr_not_equal(fake_current[0], first);
	assert_false(fake_current[0]->domain->is_idle);
	stop(2);
	start(1, 1);
	go(1);
	assert_true(fake_runs(d[0]->vcpu[0]));
	fake_on(d[0]->vcpu[0]->processor, do_yield, NULL); /* alone: goes on */
	assert_true(fake_runs(d[0]->vcpu[0]));
	stop(1);
}

static void test_runstate(void **state)
{
	struct cpumask one = { { 1 } };
	struct vcpu_runstate_info r;
	struct fake_vcpu *f;
	u64 t0, sum = 0;

	start(2, 1);
	f = (struct fake_vcpu *)d[0]->vcpu[0];
	t0 = f->v.runstate.state_entry_time;
	f->v.runstate_addr = (u64)f->runstate_area;
	d[0]->vm_assist = BIT(VMASST_TYPE_runstate_update_flag);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(vcpu_set_affinity(d[i]->vcpu[0], &one, &one), 0);
	go(2);
	for (unsigned i = 0; i < 50; i++) {
		if (i % 5 == 4) {
			vcpu_pause(&f->v);
			fake_advance(fake_time + 5 * MS);
			vcpu_unpause(&f->v);
			fake_settle();
		}
		fake_advance(fake_time + 7 * MS + i);
	}
	while (!fake_runs(&f->v))
		fake_advance(fake_time + MS);
	memcpy(&r, f->runstate_area, sizeof(r));
	assert_int_equal(r.state, RUNSTATE_running);
	assert_true(!(r.state_entry_time & XEN_RUNSTATE_UPDATE));
	assert_true(r.state_entry_time == f->v.runstate.state_entry_time);
	vcpu_runstate_get(&f->v, &r);
	for (unsigned i = 0; i < 4; i++)
		sum += r.time[i];
	assert_true(sum == fake_time - t0); /* no drift from system time */
	assert_true(r.time[RUNSTATE_runnable] > 50 * MS);
	assert_true(r.time[RUNSTATE_offline] >= 50 * MS);
	stop(2);
}

/* Nobody else: no timer interrupts at all; and none when all CPUs idle. */
static void test_no_ticks_without_need(void **state)
{
	struct fake_vcpu *f;
	unsigned exits;

	start(1, 1);
	assert_int_equal(vcpu_set_periodic(d[0]->vcpu[0], 0), 0);
	go(1);
	fake_advance(fake_time + SEC);
	f = (struct fake_vcpu *)d[0]->vcpu[0];
	exits = f->exits;
	fake_advance(fake_time + 100 * SEC);
	assert_int_equal(f->exits, exits);
	assert_int_equal(f->switches_in, 1);
	stop(1);
}

/* Pauses, kills and affinity changes at random: nothing hangs, nobody runs who must not. */
static void test_random(void **state)
{
	unsigned cpus = cpu_online_count();

	srand(9);
	start(5, 3);
	go(5);
	for (unsigned i = 0; i < 5000; i++) {
		unsigned k = (unsigned)rand() % 5;
		struct vcpu *v = d[k]->vcpu[rand() % 3];
		struct cpumask m = { { 0 } };

		fake_advance(fake_time + (u64)rand() % (4 * MS));
		switch (rand() % 8) {
		case 0:
			vcpu_pause(v);
			assert_false(fake_runs(v));
			vcpu_unpause(v);
			break;
		case 1:
			domain_pause(d[k]);
			for (unsigned j = 0; j < 3; j++)
				assert_false(fake_runs(d[k]->vcpu[j]));
			domain_unpause(d[k]);
			break;
		case 2:
			m.bits[0] = (u64)rand() % ((1ull << min(cpus, 30u)) - 1) + 1;
			assert_int_equal(vcpu_set_affinity(v, &m, &m), 0);
			break;
		case 3: block(v); break;
		case 4: vcpu_mark_events_pending(v); break;
		case 5:
			assert_int_equal(sched_adjust(d[k], 1 + (u32)rand() % 65535,
						 rand() % 4 ? 0 : (u32)rand() % 200),
				0);
			break;
		case 6:
			if (rand() % 20 == 0) {
				fake_kill(d[k]);
				d[k] = fake_domain((u16)(1 + k), 3, false);
			}
			break;
		}
		fake_settle();
		for (unsigned cpu = 0; cpu < cpus; cpu++) {
			const struct vcpu *c = fake_current[cpu];

			assert_true(c->domain->is_idle ||
				    (vcpu_runnable(c) && cpumask_test(&c->hard, cpu)));
			for (unsigned o = 0; o < cpu; o++)
				assert_ptr_not_equal(fake_current[o], c);
		}
	}
	stop(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_readjusted),
		cmocka_unit_test(test_newcomer_does_not_starve),
		cmocka_unit_test(test_weights_on_one_cpu),
		cmocka_unit_test(test_vcpus_share_the_weight),
		cmocka_unit_test(test_weight_change),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cap_of_several_vcpus),
		cmocka_unit_test(test_caps_at_equal_weights),
		cmocka_unit_test(test_weights_and_caps),
		cmocka_unit_test(test_cap_while_running),
		cmocka_unit_test(test_cap_is_not_saved_up),
		cmocka_unit_test(test_wake_latency),
		cmocka_unit_test(test_work_conserving),
		cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_runstate),
		cmocka_unit_test(test_no_ticks_without_need),
		cmocka_unit_test(test_random),
	};

	fake_boot(SCHED_CPUS, 4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
