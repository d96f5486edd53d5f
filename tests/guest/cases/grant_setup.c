// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table itself: sizes and versions, setup of more frames than allowed, of another domain's
 * table, the frames are mapped like own memory but cannot become page tables. Version 2 is optional
 * (PV-ABI fact 22).
 */
#include "test.h"

CHILD_TEST(grant_setup, "query_size, version, setup_table")
{
	xen_pfn_t frames[64] = { 0 };
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	struct gnttab_get_version version = { .dom = DOMID_SELF };
	struct gnttab_set_version wanted = { .version = 1 };
	struct gnttab_setup_table setup = { .dom = DOMID_SELF };
	long error;

	CHECK_EQ(HC(grant_table_op, GNTTABOP_query_size, &size, 1), 0);
	fact("frames, most", "%u %u, status %d", size.nr_frames, size.max_nr_frames, size.status);
	error = HC(grant_table_op, GNTTABOP_get_version, &version, 1);
	fact("version", "%ld: %u", error, version.version);
	error = HC(grant_table_op, GNTTABOP_set_version, &wanted, 1);
	fact("set version 1", "%ld", error);
	wanted.version = 3;
	fact("set version 3", "%ld", HC(grant_table_op, GNTTABOP_set_version, &wanted, 1));

	set_xen_guest_handle(setup.frame_list, frames);
	setup.nr_frames = 5;
	error = HC(grant_table_op, GNTTABOP_setup_table, &setup, 1);
	fact("5 of 4 frames", "%ld, status %d", error, setup.status);
	setup.nr_frames = 2;
	error = HC(grant_table_op, GNTTABOP_setup_table, &setup, 1);
	fact("2 frames", "%ld, status %d, two different %d", error, setup.status,
		frames[0] != frames[1]);
	CHECK_EQ(setup.status, GNTST_okay);
	fact("a grant frame as a page table", "%ld", mmuext(MMUEXT_PIN_L1_TABLE, frames[0]));
	setup.dom = 0;
	error = HC(grant_table_op, GNTTABOP_setup_table, &setup, 1);
	fact("dom0's table", "%ld, status %d", error, setup.status);
	setup.dom = 999;
	error = HC(grant_table_op, GNTTABOP_setup_table, &setup, 1);
	fact("nobody's table", "%ld, status %d", error, setup.status);
	size.dom = 0;
	error = HC(grant_table_op, GNTTABOP_query_size, &size, 1);
	fact("dom0's size", "%ld, status %d", error, size.status);
}
