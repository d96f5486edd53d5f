/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder of decode.h. A cursor walks the bytes once: prefixes, opcode, ModRM with SIB and
 * displacement, immediate. What is not in the tables is refused, and so is a byte past the end:
 * nothing is guessed. 64-bit mode only.
 */
#include "pv/decode.h"

struct cursor {
	const u8 *p, *end;
	bool bad; /* ran out of bytes, or unknown */
	bool op16, addr32, rep, repne, has_rex;
	u8 rex;
};

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

static u8 next_byte(struct cursor *c)
{
	if (c->p == c->end) {
		c->bad = true;
		return 0;
	}
	return *c->p++;
}

static s64 next_signed(struct cursor *c, unsigned bytes)
{
	u64 v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (u64)next_byte(c) << (8 * i);
	return (s64)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

static u8 prefixes(struct cursor *c, struct insn *in)
{
	u8 b;

	for (;;) {
		b = next_byte(c);
		if (b == 0x66)
			c->op16 = true;
		else if (b == 0x67)
			c->addr32 = true;
		else if (b == 0xf0)
			in->lock = true;
		else if (b == 0xf3)
			c->rep = true;
		else if (b == 0xf2)
			c->repne = true;
		else if (b == 0x64 || b == 0x65) {
			in->fs = b == 0x64;
			in->gs = b == 0x65;
		} else if (b != 0x26 && b != 0x2e && b != 0x36 && b != 0x3e) {
			break;
		}
		if (c->bad)
			return 0;
	}
	if ((b & 0xf0) == 0x40) {
		c->rex = b & 0xf;
		c->has_rex = true;
		b = next_byte(c);
	}
	return b;
}

/* ModRM and what belongs to it: in->reg is its middle field, the operand is in->rm or memory. */
static void modrm(struct cursor *c, struct insn *in)
{
	u8 b = next_byte(c), mod = b >> 6, rm = b & 7;
	unsigned displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	in->reg = (b >> 3 & 7) | (c->rex & REX_R ? 8 : 0);
	if (mod == 3) {
		in->rm = rm | (c->rex & REX_B ? 8 : 0);
		return;
	}
	in->memory = true;
	in->index = 0xff;
	in->base = rm | (c->rex & REX_B ? 8 : 0);
	if (rm == 4) {
		u8 sib = next_byte(c);

		in->scale = sib >> 6;
		in->index = (sib >> 3 & 7) | (c->rex & REX_X ? 8 : 0);
		if (in->index == 4)
			in->index = 0xff;
		in->base = (sib & 7) | (c->rex & REX_B ? 8 : 0);
		if ((sib & 7) == 5 && mod == 0) {
			in->base = 0xff;
			displacement = 4;
		}
	} else if (rm == 5 && mod == 0) {
		in->base = 16;
		displacement = 4;
	}
	if (displacement)
		in->displacement = next_signed(c, displacement);
}

static void immediate(struct cursor *c, struct insn *in, unsigned bytes)
{
	in->imm = next_signed(c, bytes);
	in->has_imm = true;
}

/* Size of the operation when the opcode's low bit says "not bytes". */
static u8 op_size(const struct cursor *c, bool bytes)
{
	return bytes ? 1 : c->rex & REX_W ? 8 : c->op16 ? 2 : 4;
}

static enum insn_kind alu_kind(struct cursor *c, unsigned which)
{
	static const s8 kinds[8] = { INSN_ADD, INSN_OR, -1, -1, INSN_AND, INSN_SUB, INSN_XOR, -1 };

	if (kinds[which] < 0)
		c->bad = true;
	return kinds[which];
}

static void port_io(struct cursor *c, struct insn *in, u8 op)
{
	bool out = op & 2;

	in->op_bytes = op & 1 ? (c->op16 ? 2 : 4) : 1;
	if (op <= 0x6f) {
		in->kind = out ? INSN_OUTS : INSN_INS;
		in->rep = c->rep || c->repne;
		return;
	}
	in->kind = out ? INSN_OUT : INSN_IN;
	if (op < 0xe8) {
		in->imm = next_byte(c);
		in->has_imm = true;
	}
}

static void one_byte(struct cursor *c, struct insn *in, u8 op)
{
	in->op_bytes = op_size(c, !(op & 1));
	switch (op) {
	case 0x6c ... 0x6f:
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef: port_io(c, in, op); break;
	case 0xfa: in->kind = INSN_CLI; break;
	case 0xfb: in->kind = INSN_STI; break;
	case 0x88:
	case 0x89:
		in->kind = INSN_MOV;
		modrm(c, in);
		break;
	case 0xc6:
	case 0xc7:
		in->kind = INSN_MOV;
		modrm(c, in);
		c->bad |= in->reg & 7;
		immediate(c, in, in->op_bytes == 8 ? 4 : in->op_bytes);
		break;
	case 0x86:
	case 0x87:
		in->kind = INSN_XCHG;
		modrm(c, in);
		break;
	case 0x00:
	case 0x01:
	case 0x08:
	case 0x09:
	case 0x20:
	case 0x21:
	case 0x28:
	case 0x29:
	case 0x30:
	case 0x31:
		in->kind = alu_kind(c, op >> 3);
		modrm(c, in);
		break;
	case 0x80:
	case 0x81:
	case 0x83:
		modrm(c, in);
		in->kind = alu_kind(c, in->reg & 7);
		immediate(c, in, op == 0x81 ? (in->op_bytes == 8 ? 4 : in->op_bytes) : 1);
		break;
	default: c->bad = true;
	}
}

static void bit_op(struct cursor *c, struct insn *in, u8 op)
{
	static const u8 kinds[4] = { 0, INSN_BTS, INSN_BTR, INSN_BTC };
	unsigned which;

	in->op_bytes = op_size(c, false);
	modrm(c, in);
	which = (op == 0xba ? in->reg : op >> 3) & 3;
	if (op == 0xba) {
		c->bad |= (in->reg & 7) < 5;
		immediate(c, in, 1);
	}
	c->bad |= !which;
	in->kind = kinds[which];
}

static void control_register(struct cursor *c, struct insn *in, u8 op)
{
	static const u8 kinds[4] = { INSN_MOV_FROM_CR, INSN_MOV_FROM_DR, INSN_MOV_TO_CR,
		INSN_MOV_TO_DR };
	u8 b = next_byte(c);

	/* The mode bits are ignored: the operand is always a register. */
	in->reg = (b >> 3 & 7) | (c->rex & REX_R ? 8 : 0);
	in->rm = (b & 7) | (c->rex & REX_B ? 8 : 0);
	in->op_bytes = 8;
	in->kind = kinds[op & 3];
}

static void two_byte(struct cursor *c, struct insn *in, u8 op)
{
	static const struct {
		u8 op, kind;
	} plain[] = {
		{ 0x06, INSN_CLTS },
		{ 0x09, INSN_WBINVD },
		{ 0x30, INSN_WRMSR },
		{ 0x31, INSN_RDTSC },
		{ 0x32, INSN_RDMSR },
		{ 0xa2, INSN_CPUID },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(plain); i++) {
		if (plain[i].op == op) {
			in->kind = plain[i].kind;
			return;
		}
	}
	switch (op) {
	case 0x01:
		op = next_byte(c);
		in->kind = op == 0xd1 ? INSN_XSETBV : INSN_RDTSCP;
		c->bad |= op != 0xd1 && op != 0xf9;
		break;
	case 0x20 ... 0x23: control_register(c, in, op); break;
	case 0xab:
	case 0xb3:
	case 0xba:
	case 0xbb: bit_op(c, in, op); break;
	case 0xb0:
	case 0xb1:
		in->kind = INSN_CMPXCHG;
		in->op_bytes = op_size(c, !(op & 1));
		modrm(c, in);
		break;
	case 0xc7:
		in->kind = INSN_CMPXCHG8B;
		in->op_bytes = c->rex & REX_W ? 16 : 8;
		modrm(c, in);
		c->bad |= (in->reg & 7) != 1 || !in->memory;
		break;
	default: c->bad = true;
	}
}

bool insn_decode(const u8 *bytes, unsigned count, struct insn *out)
{
	unsigned length = min(count, (unsigned)INSN_MAX);
	struct cursor c = { .p = bytes, .end = bytes + length };
	u8 op;

	*out = (struct insn){ .base = 0xff, .index = 0xff };
	op = prefixes(&c, out);
	out->addr_bytes = c.addr32 ? 4 : 8;
	if (c.bad)
		return false;
	if (op == 0x0f)
		two_byte(&c, out, next_byte(&c));
	else
		one_byte(&c, out, op);
	/* Without REX, byte registers 4-7 are ah..bh. */
	out->high_byte = out->op_bytes == 1 && !c.has_rex && out->reg >= 4 && !out->has_imm;
	out->length = c.p - bytes;
	return !c.bad;
}

u64 *insn_reg(struct regs *regs, unsigned number)
{
	static const u8 offsets[16] = {
		offsetof(struct regs, rax),
		offsetof(struct regs, rcx),
		offsetof(struct regs, rdx),
		offsetof(struct regs, rbx),
		offsetof(struct regs, rsp),
		offsetof(struct regs, rbp),
		offsetof(struct regs, rsi),
		offsetof(struct regs, rdi),
		offsetof(struct regs, r8),
		offsetof(struct regs, r9),
		offsetof(struct regs, r10),
		offsetof(struct regs, r11),
		offsetof(struct regs, r12),
		offsetof(struct regs, r13),
		offsetof(struct regs, r14),
		offsetof(struct regs, r15),
	};

	return (u64 *)((char *)regs + offsets[number & 15]);
}

u64 insn_address(const struct insn *insn, struct regs *regs)
{
	u64 a = insn->displacement;

	if (insn->base == 16)
		a += regs->rip + insn->length;
	else if (insn->base != 0xff)
		a += *insn_reg(regs, insn->base);
	if (insn->index != 0xff)
		a += *insn_reg(regs, insn->index) << insn->scale;
	return insn->addr_bytes == 4 ? (u32)a : a;
}
