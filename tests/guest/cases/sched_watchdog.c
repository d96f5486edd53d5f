// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SCHEDOP_watchdog: a domain that arms one and does not come back to it is shut down with
 * SHUTDOWN_watchdog; one that disarms it goes on. Two per domain, the third is refused.
 */
#include "test.h"

static long arm(u32 id, u32 timeout)
{
	struct sched_watchdog dog = { .id = id, .timeout = timeout };

	return HC(sched_op, SCHEDOP_watchdog, &dog);
}

static void body(void)
{
	long first = arm(0, 1), second = arm(0, 1);

	fact("armed", "%ld %ld", first, second);
	fact("third", "%ld", arm(0, 1));
	fact("touch of one that is not armed", "%ld", arm(7, 1));
	fact("disarmed", "%ld", arm(first, 0));
	child_report->word[0] = 1;
	for (;;)
		HC(sched_op, SCHEDOP_yield, NULL);
}

TEST(sched_watchdog, "a domain that does not feed its watchdog is shut down")
{
	struct child *child = child_create(body);

	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	CHECK_EQ(child_wait(child, 10), SHUTDOWN_watchdog);
	child_print(child);
}
