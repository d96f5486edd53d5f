/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what the boot loader left in memory. All of it is outside data: every address and length
 * is checked through boot_phys. */
#ifndef X86_MULTIBOOT_H
#define X86_MULTIBOOT_H

#include "x86/boot_info.h"

#define MULTIBOOT1_MAGIC 0x2badb002
#define MULTIBOOT2_MAGIC 0x36d76289

/* bytes at a physical address that the boot tables map, or NULL; start.c, and host tests. */
const void *boot_phys(u64 pa, u64 bytes);

/* Fill *out from the loader's information at pa. EINVAL: unknown magic, or information that
 * contradicts itself. */
must_check int multiboot_parse(u32 magic, u64 pa, struct boot_info *out);

#endif
