// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of a domain that ended reaches another one only scrubbed (SECURITY C15: xsa-100, 364): a
 * child fills all it has with a pattern, and none of the frames that dom0 then populates holds it.
 */
#include "test.h"

#define PATTERN 0x5ec2e75ec2e75ec2
#define FRAMES	512

static void body(void)
{
	for (int i = 0; i < 300; i++) {
		u64 *page = page_alloc();

		for (int j = 0; j < 512; j++)
			page[j] = PATTERN;
	}
}

TEST(memory_scrub, "a dead domain's memory comes back without its contents")
{
	struct child *child = child_create(body);
	u64 *window = page_alloc();
	u64 seen = 0;

	child_unpause(child);
	CHECK_EQ(child_wait(child, 20), SHUTDOWN_poweroff);
	CHECK(child_print(child));
	child_destroy(child);
	free_pages();
	child = child_create_empty();
	for (int i = 0; i < FRAMES; i++) {
		CHECK_EQ(child_map(child, window, child->mfn[i], PTE_RO), 0);
		for (int j = 0; j < 512; j++)
			seen += READ_ONCE(window[j]) == PATTERN;
	}
	CHECK_EQ(page_set_flags(window, PTE_RW_DATA), 0);
	CHECK_EQ(seen, 0);
}
