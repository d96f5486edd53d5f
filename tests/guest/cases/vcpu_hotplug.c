// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vcpu that goes down keeps its registers and goes on behind its own VCPUOP_down when another
 * brings it up again; fifty times round.
 */
#include "test.h"

#define ROUNDS 50

static volatile u32 rounds;

static void body(void *argument)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		rounds = i + 1;
		CHECK_EQ(HC(vcpu_op, VCPUOP_down, 1, NULL), 0);
	}
}

CHILD_TEST(vcpu_hotplug, "down and up again, many times")
{
	CHECK_EQ(vcpu_start(1, body, NULL), 0);
	for (u32 i = 1; i <= ROUNDS; i++) {
		u64 start = 0;

		while (rounds != i || HC(vcpu_op, VCPUOP_is_up, 1, NULL))
			CHECK(still_waiting(&start, 5));
		CHECK_EQ(HC(vcpu_op, VCPUOP_up, 1, NULL), 0);
	}
	CHECK(vcpu_wait(1, 5));
}
