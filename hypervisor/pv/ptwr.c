/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest kernel wrote to one of its L1 tables, which it maps read-only (PV-ABI 17): one aligned
 * write of the closed list in decode.h is done as a compare-and-exchange of the whole entry, so A
 * and D bits that the CPU sets meanwhile are not lost. What is not in the list, or not allowed, is
 * the guest's own page fault.
 */
#include "pv/decode.h"
#include "pv/mmu.h"
#include "pv/pte.h"
#include "pv/traps.h"

#define FLAGS_ARITHMETIC                                                                 \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | X86_EFLAGS_SF | \
		X86_EFLAGS_OF)

struct ptwr {
	struct insn in;
	u64 operand;  /* register or immediate, cut to the size of the operation */
	u64 old, new; /* the memory operand, likewise */
	u64 flags;    /* arithmetic flags to set */
	bool store;   /* false: a compare that failed */
};

static u64 size_mask(unsigned bytes)
{
	return bytes >= 8 ? ~0ul : (1ul << (8 * bytes)) - 1;
}

static u64 result_flags(u64 result, unsigned bytes)
{
	u64 flags = 0;

	if (!(result & size_mask(bytes)))
		flags |= X86_EFLAGS_ZF;
	if (result >> (8 * bytes - 1) & 1)
		flags |= X86_EFLAGS_SF;
	if (!__builtin_parity(result & 0xff))
		flags |= X86_EFLAGS_PF;
	return flags;
}

static u64 add_flags(u64 a, u64 b, u64 result, unsigned bytes)
{
	u64 flags = result_flags(result, bytes), mask = size_mask(bytes);

	if ((result & mask) < (a & mask))
		flags |= X86_EFLAGS_CF;
	if ((~(a ^ b) & (a ^ result)) >> (8 * bytes - 1) & 1)
		flags |= X86_EFLAGS_OF;
	return flags | ((a ^ b ^ result) & X86_EFLAGS_AF);
}

static u64 sub_flags(u64 a, u64 b, u64 result, unsigned bytes)
{
	u64 flags = result_flags(result, bytes), mask = size_mask(bytes);

	if ((a & mask) < (b & mask))
		flags |= X86_EFLAGS_CF;
	if (((a ^ b) & (a ^ result)) >> (8 * bytes - 1) & 1)
		flags |= X86_EFLAGS_OF;
	return flags | ((a ^ b ^ result) & X86_EFLAGS_AF);
}

static void bit_op(struct ptwr *w)
{
	u64 bit = BIT(w->operand & (8 * w->in.op_bytes - 1));

	w->flags = w->old & bit ? X86_EFLAGS_CF : 0;
	w->new = w->in.kind == INSN_BTS	  ? w->old | bit
		 : w->in.kind == INSN_BTR ? w->old & ~bit
					  : w->old ^ bit;
}

static void compare(struct ptwr *w, u64 expected)
{
	w->flags = sub_flags(expected, w->old, expected - w->old, w->in.op_bytes);
	w->store = w->old == expected;
	w->new = w->operand;
}

/* What the instruction makes of the old value. False: not one that we do. */
static bool compute(struct ptwr *w, const struct regs *regs)
{
	unsigned bytes = w->in.op_bytes;

	w->store = true;
	switch (w->in.kind) {
	case INSN_MOV:
	case INSN_XCHG:
		w->new = w->operand;
		w->flags = regs->rflags & FLAGS_ARITHMETIC;
		break;
	case INSN_CMPXCHG: compare(w, regs->rax & size_mask(bytes)); break;
	case INSN_ADD:
		w->new = w->old + w->operand;
		w->flags = add_flags(w->old, w->operand, w->new, bytes);
		break;
	case INSN_SUB:
		w->new = w->old - w->operand;
		w->flags = sub_flags(w->old, w->operand, w->new, bytes);
		break;
	case INSN_OR:
		w->new = w->old | w->operand;
		w->flags = result_flags(w->new, bytes);
		break;
	case INSN_AND:
		w->new = w->old & w->operand;
		w->flags = result_flags(w->new, bytes);
		break;
	case INSN_XOR:
		w->new = w->old ^ w->operand;
		w->flags = result_flags(w->new, bytes);
		break;
	case INSN_BTS:
	case INSN_BTR:
	case INSN_BTC: bit_op(w); break;
	default: return false;
	}
	w->new &= size_mask(bytes);
	return true;
}

/* Registers after the write: as the processor would leave them. 32-bit results clear the upper
 * half. */
static void set_reg(struct regs *regs, unsigned number, u64 value, unsigned bytes)
{
	u64 *reg = insn_reg(regs, number);

	if (bytes >= 4)
		*reg = value;
	else
		*reg = (*reg & ~size_mask(bytes)) | value;
}

static void finish(const struct ptwr *w, struct regs *regs)
{
	if (w->in.kind == INSN_XCHG)
		set_reg(regs, w->in.reg, w->old, w->in.op_bytes);
	if (w->in.kind == INSN_CMPXCHG && !w->store)
		set_reg(regs, 0, w->old, w->in.op_bytes);
	regs->rflags = (regs->rflags & ~(u64)(FLAGS_ARITHMETIC | X86_EFLAGS_RF)) | w->flags;
	regs->rip += w->in.length;
}

/* The operand that is not memory. False: a form that we do not do. */
static bool read_operand(struct ptwr *w, struct regs *regs)
{
	const struct insn *in = &w->in;
	bool bits = in->kind == INSN_BTS || in->kind == INSN_BTR || in->kind == INSN_BTC;

	if (!in->memory || in->fs || in->gs || in->high_byte || in->op_bytes > 8)
		return false;
	w->operand = in->has_imm ? in->imm : *insn_reg(regs, in->reg);
	/* A bit number from a register may reach beyond the operand: not in this list. */
	if (bits && !in->has_imm && w->operand >= 8 * in->op_bytes)
		return false;
	w->operand &= size_mask(in->op_bytes);
	return true;
}

static bool decode(struct ptwr *w, struct regs *regs, u64 va)
{
	u8 code[INSN_MAX] __attribute__((uninitialized));
	u64 missing = guest_copy_in(code, regs->rip, sizeof(code));
	u64 address;

	if (!insn_decode(code, sizeof(code) - missing, &w->in) || !read_operand(w, regs))
		return false;
	address = insn_address(&w->in, regs);
	return address == va && !(address & (w->in.op_bytes - 1));
}

/* One write to *entry; va's low bits say which part of it. */
static bool write_entry(struct ptwr *w, struct regs *regs, u64 va, u64 *entry, struct domain *d)
{
	unsigned shift = 8 * (va & 7);
	u64 mask = size_mask(w->in.op_bytes) << shift;
	u64 was = READ_ONCE(*entry);
	int r = 0;

	w->old = (was & mask) >> shift;
	if (!compute(w, regs))
		return false;
	if (w->store)
		r = mmu_l1_write(entry, (was & ~mask) | w->new << shift, &was, false, d, d);
	if (r == -EAGAIN) /* it changed under us: the guest runs the instruction again */
		return true;
	if (r)
		return false;
	finish(w, regs);
	return true;
}

bool mmu_write_fault(struct regs *regs, u64 va)
{
	struct vcpu *v = current_vcpu();
	struct ptwr w __attribute__((uninitialized));
	enum pagetype type;
	bool done = false;
	struct page *p;
	mfn_t frame;
	u64 flags;

	if (!mmu_walk(v, va, &frame, &flags) || (flags & PTE_WRITE) || !frame_valid(frame))
		return false;
	p = page_of(frame);
	if (pagetype_of(p) != PT_L1 || !page_get(p, v->domain))
		return false;
	if (pagetype_get_table(p, &type)) {
		if (type == PT_L1 && decode(&w, regs, va))
			done = write_entry(&w, regs, va,
				(u64 *)frame_map(frame) + (va & ~PAGE_MASK) / 8, v->domain);
		pagetype_put(p);
	}
	page_put(p);
	return done;
}
