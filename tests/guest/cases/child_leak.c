// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Domains that end in every way (never started, powered off, crashed, destroyed while running) give
 * all their memory back (SECURITY G18): the number of free pages is the same before and after
 * twenty of them, but for a few that the hypervisor's own heap may hold on to.
 */
#include "test.h"

#define DRIFT 8

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
	for (int i = 0; i < 5; i++)
		all();
	CHECK(free_pages_reach(before - DRIFT));
}
