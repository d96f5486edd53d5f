// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two children and dom0 on the same two CPUs, each with its own pattern in the vector registers
 * (SECURITY C15: xsa-52, 267): after many turns each still sees its own and never another's, and a
 * new domain starts with clean ones.
 */
#include "test.h"

static void load(u64 value)
{
	asm volatile("movq %0, %%xmm0; punpcklqdq %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm7;"
		     "movdqa %%xmm0, %%xmm15" ::"r"(value));
}

static bool holds(u64 value)
{
	u64 a, b, c;

	asm volatile("movq %%xmm0, %0; movq %%xmm7, %1; movq %%xmm15, %2"
		     : "=r"(a), "=r"(b), "=r"(c));
	return a == value && b == value && c == value;
}

static void body(void)
{
	u64 mine = child_report->word[0];

	CHECK(holds(0));
	load(mine);
	for (int i = 0; i < 300; i++) {
		HC(sched_op, SCHEDOP_yield, NULL);
		for (int j = 0; j < 1000; j++)
			barrier();
		CHECK(holds(mine));
	}
}

TEST(child_fpu, "vector registers of three domains stay apart")
{
	struct child *a = child_create(body), *b = child_create(body);

	a->report->word[0] = 0xaaaaaaaaaaaaaaaa;
	b->report->word[0] = 0xbbbbbbbbbbbbbbbb;
	load(0xcccccccccccccccc);
	child_unpause(a);
	child_unpause(b);
	CHECK_EQ(child_wait(a, 20), SHUTDOWN_poweroff);
	CHECK_EQ(child_wait(b, 20), SHUTDOWN_poweroff);
	CHECK(child_print(a));
	CHECK(child_print(b));
	CHECK(holds(0xcccccccccccccccc));
}
