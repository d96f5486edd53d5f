/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Constants that the assembly needs and that the public headers give only together with C. */
#ifndef PVT_ASM_H
#define PVT_ASM_H

#define HYPERCALL_IRET 23
#define VIRT_BASE      0xffffffff80000000
#define STACK_BYTES    16384

#endif
