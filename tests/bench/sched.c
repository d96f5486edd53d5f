// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who gets how much of the CPUs, how late, and what a switch costs: our own kernel as the control
 * domain makes guests of itself that spin, sleep or yield, so nothing of Linux is in the figures.
 * bench_two and bench_waking want 2 CPUs; bench_one wants 1, where the time stamp counter is the
 * guest's own work and the others', and nothing else's. Shares are in hundredths of a percent of
 * one CPU, by what the hypervisor charged; times in ns.
 */
#include "test.h"

enum { GUESTS = 3, WINDOW_MS = 2000, SETTLE_MS = 300, YIELDS = 2000 };

#define MS   1000000ul
#define TURN 3000    /* looks, some instructions each, of a CPU that spins */
#define GAP  20000ul /* ticks: it did not run meanwhile */

/* In a report: STOP and WAKES are the parent's to set, the others are the child's. */
enum { DONE, STOP, WORST, SUM, TURNS, GAPS, WAKES };

static void sleep_until(u64 when)
{
	struct sched_poll poll = { .nr_ports = 0, .timeout = when };

	while (system_time() < when)
		HC(sched_op, SCHEDOP_poll, &poll);
}

static bool stopped(void)
{
	return *(volatile u64 *)&child_report->word[STOP];
}

static void spin(void)
{
	while (!stopped())
		;
}

/* Each time that somebody else had the CPU leaves a gap. */
static void spin_and_count(void)
{
	u64 last = rdtsc(), now;

	while (!stopped()) {
		now = rdtsc();
		child_report->word[GAPS] += now - last > GAP;
		last = now;
	}
}

/* QEMU 7.2 runs the CPUs in turn; under -icount a turn ends only by HLT or PAUSE, so who spins on
 * CPU 0 without either keeps CPU 1 from executing anything. */
static void spin_and_pause(void)
{
	while (!stopped()) {
		for (unsigned i = 0; i < TURN && !stopped(); i++)
			;
		asm volatile("pause");
	}
}

static void yield(void)
{
	while (!child_report->word[STOP]) {
		child_report->word[TURNS]++;
		HC(sched_op, SCHEDOP_yield, NULL);
	}
}

static void nap(void)
{
	volatile u64 *word = child_report->word;

	for (u64 i = 0; i < word[WAKES]; i++) {
		u64 when = system_time() + 3 * MS + i * 37000, late;

		sleep_until(when);
		late = system_time() - when;
		word[SUM] += late;
		word[WORST] = late > word[WORST] ? late : word[WORST];
		word[DONE] = i + 1;
	}
}

static struct child *start(void (*body)(void), u16 weight, u16 cap)
{
	struct child *child = child_create(body);
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_scheduler_op);

	d.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	d.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	d.u.scheduler_op.u.credit2.weight = weight;
	d.u.scheduler_op.u.credit2.cap = cap;
	CHECK_EQ(HC(domctl, &d), 0);
	return child;
}

static void stop(struct child *child)
{
	child->report->word[STOP] = 1;
	sleep_until(system_time() + 50 * MS); /* halted: child_wait only yields */
	CHECK_EQ(child_wait(child, 10), SHUTDOWN_poweroff);
	child_destroy(child);
}

static u64 cpu_time(const struct child *child)
{
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_getdomaininfo);

	CHECK_EQ(HC(domctl, &d), 0);
	return d.u.getdomaininfo.cpu_time;
}

/* Run the guests for a window; their shares. */
static void shares(struct child *const *child, u64 *share)
{
	u64 from, took;

	for (int i = 0; i < GUESTS; i++)
		child_unpause(child[i]);
	from = system_time() + SETTLE_MS * MS;
	sleep_until(from);
	from = system_time();
	for (int i = 0; i < GUESTS; i++)
		share[i] = cpu_time(child[i]);
	sleep_until(from + WINDOW_MS * MS);
	took = system_time() - from;
	for (int i = 0; i < GUESTS; i++)
		share[i] = (cpu_time(child[i]) - share[i]) * 10000 / took;
	for (int i = 0; i < GUESTS; i++)
		stop(child[i]);
}

static void latency(const char *on, u64 wakes, void (*body)(void))
{
	struct child *napper = start(nap, 256, 0);
	struct child *spinner[] = { start(body, 256, 0), start(body, 256, 0) };
	const volatile u64 *word = napper->report->word;

	napper->report->word[WAKES] = wakes;
	child_unpause(spinner[0]);
	child_unpause(spinner[1]);
	child_unpause(napper);
	for (int i = 0; i < WINDOW_MS * 4 / 50 && word[DONE] < wakes; i++)
		sleep_until(system_time() + 50 * MS);
	CHECK(word[DONE]);
	fact("%swakes", "%lu", on, word[DONE]);
	fact("%swake_worst", "%lu", on, word[WORST]);
	fact("%swake_mean", "%lu", on, word[SUM] / word[DONE]);
	stop(napper);
	stop(spinner[0]);
	stop(spinner[1]);
}

TEST(bench_two, "weights and caps on two CPUs")
{
	static const struct {
		const char *facts[GUESTS];
		u16 weight[GUESTS], cap[GUESTS];
	} runs[] = {
		{ { "weight_10_of_12", "weight_1_of_12_a", "weight_1_of_12_b" }, { 2560, 256, 256 },
			{ 0 } },
		{ { "cap_20", "cap_50", "cap_80" }, { 256, 256, 256 }, { 20, 50, 80 } },
		{ { "beside_cap_50", "beside_3", "beside_2" }, { 512, 768, 512 }, { 50, 0, 0 } },
	};

	for (unsigned r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
		struct child *child[GUESTS];
		u64 share[GUESTS];

		for (int i = 0; i < GUESTS; i++)
			child[i] = start(spin_and_pause, runs[r].weight[i], runs[r].cap[i]);
		shares(child, share);
		for (int i = 0; i < GUESTS; i++)
			fact("%s", "%lu", runs[r].facts[i], share[i]);
	}
}

TEST(bench_waking, "wake-ups on two CPUs")
{
	latency("two_", 100, spin_and_pause);
}

/* Switches a second while all spin: each of a guest's gaps is one to it. */
static void switches(void)
{
	struct child *child[] = { start(spin_and_count, 256, 0), start(spin_and_count, 256, 0),
		start(spin_and_count, 256, 0) };
	u64 gaps = 0, from, took;

	for (int i = 0; i < GUESTS; i++)
		child_unpause(child[i]);
	sleep_until(system_time() + SETTLE_MS * MS);
	from = system_time();
	for (int i = 0; i < GUESTS; i++)
		gaps -= child[i]->report->word[GAPS];
	sleep_until(from + WINDOW_MS * MS);
	took = system_time() - from;
	for (int i = 0; i < GUESTS; i++)
		gaps += child[i]->report->word[GAPS];
	fact("switches_a_second", "%lu", gaps * 1000 * MS / took);
	for (int i = 0; i < GUESTS; i++)
		stop(child[i]);
}

/* We and a guest yield to each other. */
static void switch_cost(void)
{
	struct child *child = start(yield, 256, 0);
	volatile u64 *turns = &child->report->word[TURNS];
	u64 from, took, switched = 0, seen;

	child_unpause(child);
	while (!*turns)
		HC(sched_op, SCHEDOP_yield, NULL);
	seen = *turns;
	from = rdtsc();
	for (int i = 0; i < YIELDS; i++) {
		HC(sched_op, SCHEDOP_yield, NULL);
		switched += 2 * (*turns != seen);
		seen = *turns;
	}
	took = rdtsc() - from;
	CHECK(switched);
	fact("yields_that_switched", "%lu", switched * 5000 / YIELDS);
	fact("switch", "%lu", took / switched);
	stop(child);
}

TEST(bench_one, "wake-ups and switches on one CPU")
{
	latency("", 200, spin);
	switches();
	switch_cost();
}
