/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's parts (paravane.lds) and what happens before upcall_main. */
#ifndef X86_START_H
#define X86_START_H

#include "lib/base.h"

#define IMAGE_PHYS 0x200000ul /* where it stands; head.S and paravane.lds say the same */

extern char image_start[], boot_text_end[], boot_end[], text_end[], rodata_end[],
	ro_after_boot_end[], data_end[], image_end[];

noreturn void boot_start(u32 magic, u64 info);
/* The end of boot: constants become read-only, boot-only pages leave the image's map. The caller
 * gives their frames away. */
void pgtable_seal(void);
void pgtable_drop_boot(void);
static inline u64 boot_frame_first(void)
{
	return IMAGE_PHYS >> PAGE_SHIFT;
}
static inline u64 boot_frame_count(void)
{
	return (u64)(boot_end - image_start) >> PAGE_SHIFT;
}
noreturn void stack_switch(u64 top, void (*fn)(void));

#endif
