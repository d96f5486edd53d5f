/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of hypervisor/x86/asm.h for host tests of single files: ports, CR4 and the TLB are the
 * test's. */
#ifndef X86_ASM_H
#define X86_ASM_H

#include "lib/base.h"

#define CR4_PGE BIT(7)

u8 inb(u16 port);
void outb(u16 port, u8 v);
u64 read_cr4(void);
void write_cr4(u64 v);
void invlpg(u64 va);

#endif
