/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register frame that entry.S pushes and pops. Its layout is that of
 * <xen/arch-x86/xen-x86_64.h> cpu_user_regs up to ss, so a vcpu context is one copy. For a trap
 * from a guest the frame stands at the top of the CPU's stack, inside cpu_block.
 */
#ifndef X86_REGS_H
#define X86_REGS_H

#include "lib/base.h"

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u32 error_code; /* the CPU's, or 0 */
	u32 vector;	/* trap number 0..255, or VECTOR_SYSCALL, VECTOR_SYSENTER */
	u64 rip;
	u64 cs;
	u64 rflags;
	u64 rsp;
	u64 ss;
};

#define VECTOR_SYSCALL	0x100
#define VECTOR_SYSENTER 0x101

#define X86_EFLAGS_CF	0x00000001
#define X86_EFLAGS_MBS	0x00000002 /* always one */
#define X86_EFLAGS_PF	0x00000004
#define X86_EFLAGS_AF	0x00000010
#define X86_EFLAGS_ZF	0x00000040
#define X86_EFLAGS_SF	0x00000080
#define X86_EFLAGS_TF	0x00000100
#define X86_EFLAGS_IF	0x00000200
#define X86_EFLAGS_DF	0x00000400
#define X86_EFLAGS_OF	0x00000800
#define X86_EFLAGS_IOPL 0x00003000
#define X86_EFLAGS_NT	0x00004000
#define X86_EFLAGS_RF	0x00010000
#define X86_EFLAGS_VM	0x00020000
#define X86_EFLAGS_AC	0x00040000
#define X86_EFLAGS_VIF	0x00080000
#define X86_EFLAGS_VIP	0x00100000
#define X86_EFLAGS_ID	0x00200000

#define TRAP_DE	 0
#define TRAP_DB	 1
#define TRAP_NMI 2
#define TRAP_BP	 3
#define TRAP_OF	 4
#define TRAP_BR	 5
#define TRAP_UD	 6
#define TRAP_NM	 7
#define TRAP_DF	 8
#define TRAP_TS	 10
#define TRAP_NP	 11
#define TRAP_SS	 12
#define TRAP_GP	 13
#define TRAP_PF	 14
#define TRAP_MF	 16
#define TRAP_AC	 17
#define TRAP_MC	 18
#define TRAP_XM	 19

#define PF_PRESENT 0x01 /* #PF error code bits */
#define PF_WRITE   0x02
#define PF_USER	   0x04
#define PF_RSVD	   0x08
#define PF_FETCH   0x10

/* Selectors of the reserved GDT part (PV-ABI 13), and ours (ring 0). */
#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_SS32 0xe02b
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_SS64 0xe02b
#define HV_CS		0xe008
#define HV_DS		0xe010
#define HV_TSS		0xe040

static inline bool regs_from_guest(const struct regs *r)
{
	return r->cs & 3;
}

#endif
