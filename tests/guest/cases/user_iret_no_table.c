// SPDX-License-Identifier: GPL-2.0-or-later
/* The iret hypercall to user mode with no user page table installed crashes the domain (PV-ABI fact
 * 5). */
#include "test.h"

CRASH_TEST(user_iret_no_table, "iret to user mode without a user L4 crashes the domain")
{
	struct iret_context c = {
		.rip = USER_TEXT, .cs = FLAT_USER_CS, .ss = FLAT_USER_SS, .rflags = FLAG_IF
	};

	iret_with(&c);
}
