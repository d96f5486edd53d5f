// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runstate: the vcpu that asks is running; the four times add up to about the system time; the
 * registered area is kept up to date, and with vm_assist runstate_update_flag bit 63 of the entry
 * time marks an update in progress (clear whenever the guest itself looks at its own).
 */
#include "test.h"

TEST(vcpu_runstate, "runstate by call and in a registered area")
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area r = { .addr.v = &area };
	struct vcpu_runstate_info now;
	u64 before, sum = 0;

	CHECK_EQ(HC(vcpu_op, VCPUOP_get_runstate_info, 0, &now), 0);
	CHECK_EQ(now.state, RUNSTATE_running);
	for (int i = 0; i < 4; i++)
		sum += now.time[i];
	CHECK(sum > 0 && sum < system_time() + 1000000000);
	CHECK_EQ(HC(vcpu_op, VCPUOP_get_runstate_info, 1, &now), 0);
	fact("vcpu 1", "%d", now.state);
	fact("vcpu 99", "%ld", HC(vcpu_op, VCPUOP_get_runstate_info, 99, &now));

	CHECK_EQ(HC(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
	CHECK_EQ(HC(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r), 0);
	CHECK_EQ(area.state, RUNSTATE_running);
	CHECK(area.state_entry_time > 0);
	before = area.time[RUNSTATE_blocked];
	CHECK_EQ(HC(sched_op, SCHEDOP_poll,
			 &(struct sched_poll){ .timeout = system_time() + 30000000 }),
		0);
	CHECK(READ_ONCE(area.time[RUNSTATE_blocked]) >= before + 20000000);
	CHECK_EQ(area.state_entry_time & XEN_RUNSTATE_UPDATE, 0);
	r.addr.p = 0;
	fact("null area", "%ld", HC(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r));
}
