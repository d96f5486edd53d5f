// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vcpu_time_info (PV-ABI fact 20): the version is even when the guest looks at its own, system time
 * computed from it never goes back, agrees with the stop of a timed poll, and the wall clock in
 * shared_info has its own version. A copy can be registered elsewhere.
 */
#include "test.h"

TEST(time_info, "system time and wall clock")
{
	static struct vcpu_time_info copy;
	struct vcpu_register_time_memory_area r = { .addr.v = &copy };
	struct vcpu_time_info *t = &vcpu_self()->info->time;
	u64 last = system_time(), start;

	CHECK_EQ(t->version & 1, 0);
	CHECK(t->system_time > 0 && t->tsc_to_system_mul != 0);
	for (int i = 0; i < 1000; i++) {
		u64 now = system_time();

		CHECK(now >= last);
		last = now;
	}
	start = system_time();
	CHECK_EQ(
		HC(sched_op, SCHEDOP_poll, &(struct sched_poll){ .timeout = start + 50000000 }), 0);
	last = system_time() - start;
	CHECK(last >= 50000000 && last < 5000000000);

	CHECK_EQ(shared_info->wc_version & 1, 0);
	CHECK(shared_info->wc_version > 0);
	/* Some day between 2020 and 2100: the machine's clock decides. */
	CHECK(shared_info->wc_sec > 1577836800u && shared_info->wc_sec < 4102444800u);
	CHECK(shared_info->wc_nsec < 1000000000u);
	fact("wc_sec_hi", "%u", shared_info->wc_sec_hi);

	fact("register a copy", "%ld", HC(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &r));
	CHECK(copy.version && !(copy.version & 1));
	CHECK_EQ(copy.tsc_to_system_mul, t->tsc_to_system_mul);
	CHECK_EQ(copy.tsc_shift, t->tsc_shift);
	r.addr.p = 0;
	HC(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &r);
}
