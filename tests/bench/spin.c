// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest as small as they come, for make bench-scale: it looks now and then whether it shall work,
 * and then counts. Both words are in its shared_info page, in fields that are its own to write,
 * where the control domain finds them (tests/bench/share.c): p2m_cr3 is the order (0 to sleep, and
 * to look so seldom that a hundred guests cost nothing; 2 to look often; 1 to work), p2m_generation
 * the work done.
 */
#include "test.h"

enum { ROUND = 1000 };

#define LONG_NAP 10000000000ul
#define NAP	 50000000ul

TEST(spin, "work when told to")
{
	volatile unsigned long *order = &shared_info->arch.p2m_cr3;
	volatile unsigned long *work = &shared_info->arch.p2m_generation;
	struct sched_poll poll = { .nr_ports = 0 };

	for (;;) {
		while (*order != 1) {
			poll.timeout = system_time() + (*order ? NAP : LONG_NAP);
			HC(sched_op, SCHEDOP_poll, &poll);
		}
		for (volatile int i = 0; i < ROUND; i++)
			;
		++*work;
	}
}
