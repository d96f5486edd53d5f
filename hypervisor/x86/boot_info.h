/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader told us, in one shape for Multiboot 1 and 2. Physical addresses; strings are
 * copies of our own. */
#ifndef X86_BOOT_INFO_H
#define X86_BOOT_INFO_H

#include "lib/base.h"

#define BOOT_MAX_RANGES	 256
#define BOOT_MAX_MODULES 8
#define BOOT_CMDLINE_MAX 2048

struct boot_range { /* as in an E820 map */
	u64 start, bytes;
	u32 type; /* 1 RAM, 2 reserved, 3 ACPI reclaimable, 4 ACPI NVS, 5 unusable */
};

struct boot_module {
	u64 start, bytes;
	char cmdline[BOOT_CMDLINE_MAX];
};

struct boot_info {
	char loader[64];
	char cmdline[BOOT_CMDLINE_MAX];
	unsigned range_count, module_count;
	struct boot_range ranges[BOOT_MAX_RANGES]; /* sorted, no overlaps */
	struct boot_module modules[BOOT_MAX_MODULES];
	u64 acpi_rsdp;	      /* 0 = not told */
	u64 efi_system_table; /* 0 = BIOS */
	struct {
		u64 base;
		u32 width, height, pitch, bpp,
			type; /* type 0xff = none, else as in Multiboot 2 framebuffer tag */
	} framebuffer;
};

extern struct boot_info boot_info;

#endif
