/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The closed list of instructions that we emulate for a 64-bit guest (SECURITY: no general
 * emulator): privileged and port I/O ones for privop.c, and writes of 4 or 8 bytes to memory for
 * ptwr.c. Pure: bytes in, a description out.
 */
#ifndef PV_DECODE_H
#define PV_DECODE_H

#include "x86/regs.h"

#define INSN_MAX 15

enum insn_kind {
	/* privop.c */
	INSN_IN,
	INSN_OUT,
	INSN_INS,
	INSN_OUTS,
	INSN_CLI,
	INSN_STI,
	INSN_CLTS,
	INSN_WBINVD,
	INSN_MOV_FROM_CR,
	INSN_MOV_TO_CR,
	INSN_MOV_FROM_DR,
	INSN_MOV_TO_DR,
	INSN_RDMSR,
	INSN_WRMSR,
	INSN_CPUID,
	INSN_RDTSC,
	INSN_RDTSCP,
	INSN_XSETBV,
	/* ptwr.c: to memory */
	INSN_MOV,
	INSN_XCHG,
	INSN_CMPXCHG,
	INSN_CMPXCHG8B,
	INSN_ADD,
	INSN_OR,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
};

struct insn {
	u8 kind;       /* enum insn_kind */
	u8 length;     /* bytes of the instruction */
	u8 op_bytes;   /* size of the operation: 1, 2, 4, 8 */
	u8 addr_bytes; /* 4 or 8 */
	u8 reg;	       /* register operand: number, with REX.R; control or debug register number */
	u8 rm;	       /* register in ModRM.rm when !memory */
	bool has_imm, memory, lock, rep, fs, gs, high_byte;
	u64 imm; /* sign-extended immediate, or the port of IN/OUT when has_imm */
	/* memory operand: base + index * scale + displacement; 0xff: none, 16: rip of the next
	 * instruction */
	u8 base, index, scale;
	s64 displacement;
};

/* Decode what is in `bytes` (count of them are there). False: not in the list, or longer than what
 * is there. */
bool insn_decode(const u8 *bytes, unsigned count, struct insn *out);
/* Registers by number as instructions encode them. */
u64 *insn_reg(struct regs *regs, unsigned number);
/* Linear address of the memory operand, without a segment base. */
u64 insn_address(const struct insn *insn, struct regs *regs);

#endif
