// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hypercall number that nobody implements returns ENOSYS, whether it lies inside the table or far
 * beyond it; so do those of features that this hypervisor family has dropped (tmem, 38). Numbers
 * are compared as 32 bits: eax counts.
 */
#include "test.h"

TEST(hypercall_unknown, "unknown numbers return ENOSYS")
{
	static const u32 numbers[] = { 11, 38, 43, 47, 63, 64, 1000, 0x7fffffff, 0x80000000,
		0xffffffff };

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
		long error = hypercall5(numbers[i], 0, 0, 0, 0, 0);

		fact("number", "%x: %ld", numbers[i], error);
		CHECK_EQ(error, -XEN_ENOSYS);
	}
}
