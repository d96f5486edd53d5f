/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place where a guest's array, its index and its size become an address range. Everything
 * is u64 and every product and sum is checked, so no count wraps to a small copy; the hypervisor's
 * own range is refused by guest_copy_* below (A1).
 */
#include "hc/guest.h"

static bool range_of(u64 addr, u64 index, u64 size, u64 count, u64 *start, u64 *bytes)
{
	u64 offset, end;

	return !__builtin_mul_overflow(index, size, &offset) &&
	       !__builtin_mul_overflow(count, size, bytes) &&
	       !__builtin_add_overflow(addr, offset, start) &&
	       !__builtin_add_overflow(*start, *bytes, &end);
}

int guest_in(void *to, u64 addr, u64 index, u64 size, u64 count)
{
	u64 start, bytes;

	if (!range_of(addr, index, size, count, &start, &bytes) || guest_copy_in(to, start, bytes))
		return fail(EFAULT);
	return 0;
}

int guest_out(u64 addr, u64 index, const void *from, u64 size, u64 count)
{
	u64 start, bytes;

	if (!range_of(addr, index, size, count, &start, &bytes) ||
		guest_copy_out(start, from, bytes))
		return fail(EFAULT);
	return 0;
}

bool guest_array_ok(u64 addr, u64 size, u64 count)
{
	u64 start, bytes;

	return range_of(addr, 0, size, count, &start, &bytes) &&
	       (!bytes || guest_range_ok(start, bytes));
}
