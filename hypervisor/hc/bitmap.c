/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying CPU sets to and from the control domain's bitmaps. */
#include "hc/bitmap.h"

#include "hc/guest.h"
#include "lib/string.h"

#define MASK_BYTES sizeof(struct cpumask)

int cpumask_from_guest(struct cpumask *mask, const struct xenctl_bitmap *from)
{
	u64 bytes = ((u64)from->nr_bits + 7) / 8, known = min(bytes, MASK_BYTES);
	u8 *b = (u8 *)mask;

	memset(mask, 0, sizeof(*mask));
	if (guest_in(b, GUEST_ADDR(from->bitmap), 0, 1, known))
		return -EFAULT;
	if (known == bytes && from->nr_bits % 8)
		b[known - 1] &= (u8)((1u << from->nr_bits % 8) - 1);
	return 0;
}

int cpumask_to_guest(const struct xenctl_bitmap *to, const struct cpumask *mask)
{
	u64 bytes = ((u64)to->nr_bits + 7) / 8, known = min(bytes, MASK_BYTES);
	struct cpumask copy = *mask;
	u8 *b = (u8 *)&copy, zero = 0;

	if (known == bytes && to->nr_bits % 8)
		b[known - 1] &= (u8)((1u << to->nr_bits % 8) - 1);
	if (guest_out(GUEST_ADDR(to->bitmap), 0, b, 1, known))
		return -EFAULT;
	for (u64 i = known; i < min(bytes, known + 512); i++)
		if (guest_out(GUEST_ADDR(to->bitmap), i, &zero, 1, 1))
			return -EFAULT;
	return 0;
}
