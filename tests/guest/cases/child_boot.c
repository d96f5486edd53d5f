// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An unprivileged domain built by domctl: it starts with what its builder put there, its start_info
 * says that it is neither privileged nor initial, console_io is not for it (PV-ABI: domU output
 * goes through its ring), and when it shuts down the builder reads the code in getdomaininfo.
 */
#include "test.h"

CHILD_TEST(child_boot, "a domain that dom0 built runs and shuts down")
{
	fact("magic", "%s", start_info->magic);
	fact("pages", "%lu", start_info->nr_pages);
	fact("flags", "%x", start_info->flags);
	fact("upcall mask at entry", "%u", vcpu_self()->info->evtchn_upcall_mask);
	CHECK_EQ(start_info->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN), 0);
	CHECK_EQ(mfn_to_pfn(l4_mfn()), virt_to_pfn((void *)start_info->pt_base));
}
