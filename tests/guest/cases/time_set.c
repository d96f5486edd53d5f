// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dom0 sets the wall clock (XENPF_settime64): every domain's shared_info shows it under a new, even
 * version, a domain with a time offset (XEN_DOMCTL_settimeoffset) that much later.
 */
#include "test.h"

static void body(void)
{
	u64 start = 0;

	child_report->word[0] = 1;
	while (child_report->word[1] != 1)
		CHECK(still_waiting(&start, 10));
	fact("the child's clock", "%u", shared_info->wc_sec);
	fact("version is even", "%d", !(shared_info->wc_version & 1));
}

static void set(u64 seconds)
{
	struct xen_platform_op p = { .cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION };

	p.u.settime64.secs = seconds;
	p.u.settime64.system_time = 0;
	CHECK_EQ(HC(platform_op, &p), 0);
}

TEST(time_set, "the wall clock as dom0 sets it")
{
	struct child *child = child_create(body);
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_settimeoffset);
	u32 old = shared_info->wc_sec, version = shared_info->wc_version;

	d.u.settimeoffset.time_offset_seconds = 3600;
	CHECK_EQ(HC(domctl, &d), 0);
	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	set(1600000000);
	fact("our clock", "%u", shared_info->wc_sec);
	CHECK(shared_info->wc_version != version && !(shared_info->wc_version & 1));
	child->report->word[1] = 1;
	CHECK_EQ(child_wait(child, 10), SHUTDOWN_poweroff);
	CHECK(child_print(child));
	set(old);
	CHECK_EQ(shared_info->wc_sec, old);
}
