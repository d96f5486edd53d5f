// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fault with no handler in the guest's trap table ends the domain with SHUTDOWN_crash; nothing
 * else happens.
 */
#include "test.h"

CRASH_TEST(child_crash, "a fault without a handler crashes the domain")
{
	HC(set_trap_table, NULL);
	asm volatile("ud2");
}
