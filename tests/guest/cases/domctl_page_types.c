// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * getpageframeinfo3 tells a toolstack the type of each frame of a child: its page tables by level
 * and whether they are pinned, plain pages as none, frames that are not there as broken. This is
 * what save streams are made of.
 */
#include "test.h"

static void body(void)
{
}

TEST(domctl_page_types, "types of a child's frames")
{
	struct child *child = child_create(body);
	xen_pfn_t frames[8];
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_getpageframeinfo3);

	for (int i = 0; i < 5; i++)
		frames[i] = child->mfn[child->l4_pfn + i];
	frames[5] = child->mfn[0];
	frames[6] = child->mfn[child->start_info_pfn];
	frames[7] = 1ul << 30;
	d.u.getpageframeinfo3.num = 8;
	set_xen_guest_handle(d.u.getpageframeinfo3.array, frames);
	CHECK_EQ(HC(domctl, &d), 0);
	fact("L4", "%lx", frames[0]);
	fact("L3", "%lx", frames[1]);
	fact("L2", "%lx", frames[2]);
	fact("L1", "%lx", frames[3]);
	fact("L1", "%lx", frames[4]);
	fact("plain", "%lx", frames[5]);
	fact("start_info", "%lx", frames[6]);
	fact("none", "%lx", frames[7]);
	d.u.getpageframeinfo3.num = 1025;
	fact("1025 frames", "%ld", HC(domctl, &d));
}
