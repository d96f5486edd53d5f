/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table is symbols.awk's: rows ascending by offset from the image. Constant, no locks. */
#include "x86/symbol.h"
#include "x86/start.h"

extern const struct symbol {
	u32 offset;
	s32 name; /* from the table's start */
} symbol_table[], symbol_table_end[];

const char *symbol_find(u64 pc, u64 *offset)
{
	u64 low = 0, high = (u64)(symbol_table_end - symbol_table), at = pc - (u64)image_start;

	*offset = 0;
	if (pc < (u64)image_start || pc >= (u64)text_end || !high)
		return "?";
	while (high - low > 1) {
		u64 middle = (low + high) / 2;

		if (symbol_table[middle].offset <= at)
			low = middle;
		else
			high = middle;
	}
	*offset = at - symbol_table[low].offset;
	return (const char *)symbol_table + symbol_table[low].name;
}
