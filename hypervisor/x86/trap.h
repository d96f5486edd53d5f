/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What entry.S calls, and the vectors of our own interrupts. Devices' vectors lie between
 * VECTOR_FIRST_DEVICE and VECTOR_LAST_DEVICE. */
#ifndef X86_TRAP_H
#define X86_TRAP_H

#include "x86/regs.h"

#define VECTOR_FIRST_DEVICE 0x30
#define VECTOR_LAST_DEVICE  0xef
#define VECTOR_TIMER	    0xf0
#define VECTOR_KICK	    0xf1
#define VECTOR_REQUEST	    0xf2
#define VECTOR_ERROR	    0xfe
#define VECTOR_SPURIOUS	    0xff

void trap_in_hypervisor(struct regs *regs);
void trap_interrupt(struct regs *regs);
void trap_ist(struct regs *regs);
struct regs *trap_debug(struct regs *regs);
/* Print a ring 0 or guest frame to the log; any context. */
void regs_print(const struct regs *regs);
void backtrace_from(u64 rip, u64 rbp);

#endif
