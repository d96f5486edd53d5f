// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Domains that end in every way (never started, powered off, crashed, destroyed while running) give all their memory back
 * (SECURITY G18): the number of free pages is the same before and after ten of them.
 */
#include "test.h"

static void spin(void)
{
	child_report->word[0] = 1;
	for (;;)
		;
}

static void end(void)
{
}

static void crash(void)
{
	HC(set_trap_table, NULL);
	asm volatile("ud2");
}

static u64 free_pages(void)
{
	struct xen_sysctl s = { .cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	u64 last = 0, start = 0;

	do {
		last = s.u.physinfo.free_pages;
		for (u64 begin = system_time(); system_time() - begin < 100000000;)
			HC(sched_op, SCHEDOP_yield, NULL);
		CHECK_EQ(HC(sysctl, &s), 0);
	} while (s.u.physinfo.free_pages != last && still_waiting(&start, 10));
	return last;
}

static void one(void (*body)(void), int how)
{
	struct child *child = child_create(body);

	if (how > 0)
		child_unpause(child);
	if (how == 1)
		CHECK(child_wait(child, 5) >= 0);
	if (how == 2)
		CHECK(child_wait_word(child, 0, 1, 5));
	child_destroy(child);
}

static void all(void)
{
	one(end, 0);
	one(end, 1);
	one(crash, 1);
	one(spin, 2);
}

TEST(child_leak, "ended domains give everything back")
{
	u64 before;

	all();
	before = free_pages();
	for (int i = 0; i < 3; i++)
		all();
	CHECK_EQ(free_pages(), before);
}
