// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An event that is pending when iret goes to user mode with IF set is delivered before the first
 * user instruction (PV-ABI fact 5): the upcall's frame already shows the user's rip and cs. With IF
 * clear in the frame user mode runs.
 */
#include "test.h"

USER_CODE(user_event_code, "movq $1, %gs:0; int3");

static struct trap seen;

static bool hook(struct trap *trap)
{
	if (trap->vector == ENTRY_EVENT)
		seen = *trap;
	return false;
}

TEST(user_event, "a pending event comes before user mode runs")
{
	struct user_regs regs = user_regs(user_event_code);
	u32 other;
	long port = event_bind_self(&other);

	CHECK(port > 0);
	CHECK_EQ(HC(set_segment_base, SEGBASE_GS_USER, USER_DATA), 0);
	user_data()[0] = 0;
	CHECK_EQ(event_send(other), 0);
	seen.vector = NO_TRAP;
	trap_set_hook(hook);
	regs.iret.rflags = 0;
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	CHECK_EQ(seen.vector, NO_TRAP);
	CHECK_EQ(event_count[port], 0);

	regs.iret.rflags = FLAG_IF;
	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
	CHECK_EQ(seen.vector, ENTRY_EVENT);
	CHECK_EQ(seen.rip, user_address(user_event_code));
	CHECK_EQ(seen.cs, FLAT_USER_CS);
	CHECK_EQ(seen.entry_sp, stack_top(&entry_stack[0]) - 56);
	CHECK_EQ(event_count[port], 1);
}
