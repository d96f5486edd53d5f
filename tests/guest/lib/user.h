/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest user mode: a second L4 that shares only the lower half with the kernel's. Code for it is
 *written with USER_CODE(name, "asm") at file level, position independent, and runs at
 *user_address(name):
 *
 *	struct user_regs regs = user_regs(name);
 *	vector = TRAP(user_enter(&regs));	back by any trap or callback; caught() tells
 */
#ifndef PVT_USER_H
#define PVT_USER_H

#include "base.h"
#include "hypercall.h"

#define USER_TEXT      0x0000000000400000ul
#define USER_STACK_TOP 0x0000000000500000ul
#define USER_DATA      0x0000000000600000ul /* one page, writable */

#define USER_CODE(name, text)                                                 \
	asm(".pushsection .user, \"ax\"\n" #name ":\n" text "\n.popsection"); \
	extern const u8 name[]

struct user_regs {
	u64 rdi, rsi, rdx, rbx, rbp, r8, r9, r10, r12, r13, r14, r15;
	struct iret_context iret;
};

/* Build the tables and install the user L4 of the running vcpu; once per domain, cheap afterwards.
 */
void user_init(void);
u64 user_address(const void *code);
u64 user_l4_mfn(void);
/* Registers that start CODE with interrupts on and an empty stack. Calls user_init. */
struct user_regs user_regs(const void *code);
/* Load everything and go by the iret hypercall; comes back only through a trap. */
_Noreturn void user_enter(const struct user_regs *regs);
/* The user data page as the kernel sees it. */
u64 *user_data(void);

#endif
