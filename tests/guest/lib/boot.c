// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the first C instruction to the first test. A child domain (child.c) runs the same image: its
 * builder has put a magic number and the test to run into the report pages.
 */
#include "test.h"

void boot(struct start_info *si);

void boot(struct start_info *si)
{
	struct sched_shutdown off = { SHUTDOWN_reboot };

	vcpu_init_stacks();
	child_detect();
	memory_init(si);
	vcpu_self()->info = &shared_info->vcpu_info[0];
	trap_reset();
	if (child_report) {
		child_main();
		off.reason = SHUTDOWN_poweroff;
	} else {
		print("pvt: %s, %lu pages, arguments \"%s\"\n", si->magic, si->nr_pages,
			(char *)si->cmd_line);
		test_run_all((char *)si->cmd_line);
	}
	HC(sched_op, SCHEDOP_shutdown, &off);
	for (;;)
		;
}
