// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest as small as they come, for make bench-scale: it looks ten times a second whether it shall
 * work, and then counts. Both words are in its shared_info page, in fields that are its own to
 * write, where the control domain finds them (tests/bench/share.c): p2m_cr3 not 0 is the order to
 * work, p2m_generation the work done.
 */
#include "test.h"

enum { ROUND = 1000 };

#define NAP 100000000ul

TEST(spin, "work when told to")
{
	volatile unsigned long *order = &shared_info->arch.p2m_cr3;
	volatile unsigned long *work = &shared_info->arch.p2m_generation;
	struct sched_poll poll = { .nr_ports = 0 };

	for (;;) {
		while (!*order) {
			poll.timeout = system_time() + NAP;
			HC(sched_op, SCHEDOP_poll, &poll);
		}
		for (volatile int i = 0; i < ROUND; i++)
			;
		++*work;
	}
}
