// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reason that a domain gives to SCHEDOP_shutdown is what its builder reads in getdomaininfo,
 * also unknown ones up to 255; SCHEDOP_shutdown_code changes it once more without ending anything.
 */
#include "test.h"

static void body(void)
{
	struct sched_shutdown s = { child_report->word[0] };

	HC(sched_op, SCHEDOP_shutdown, &s);
}

TEST(sched_shutdown_codes, "the shutdown reason arrives at the builder")
{
	static const u32 reasons[] = { SHUTDOWN_poweroff, SHUTDOWN_reboot, SHUTDOWN_suspend,
		SHUTDOWN_crash, SHUTDOWN_watchdog, SHUTDOWN_soft_reset, 77, 255, 256 };

	for (unsigned int i = 0; i < ARRAY_SIZE(reasons); i++) {
		struct child *child = child_create(body);

		child->report->word[0] = reasons[i];
		child_unpause(child);
		fact("reason", "%u: code %d", reasons[i], child_wait(child, 5));
		child_destroy(child);
	}
}
