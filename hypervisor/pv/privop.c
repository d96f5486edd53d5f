/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged and port I/O instructions of a guest (PV-ABI 25): fetched once at rip, decoded by the
 * closed list of decode.c, done here. False means that the guest gets its #GP or #UD. A guest
 * kernel may do all of them; its user mode only port I/O that the kernel granted.
 *
 * Ports: the right comes from d->io_ports.
 */
#include "pv/decode.h"
#include "pv/mmu.h"
#include "pv/traps.h"
#include "pv/tsc.h"
#include "x86/guest_cpu.h"
#include "x86/pci.h"
#include "x86/xstate.h"

#define PCI_CF8	    0xcf8
#define CR0_TS	    BIT(3)
#define CR4_TSD	    BIT(2)
#define CR4_OSXSAVE BIT(18)

/* ---- ports ---- */

/* The privilege to use ports at all, before which ones. */
static bool io_privilege(const struct pv_vcpu *pv)
{
	unsigned cpl = 3;

	if (pv->kernel_mode)
		cpl = pv->common.domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl) ? 0 : 1;
	return pv->iopl >= cpl;
}

/* User mode's bitmap in guest memory: a set bit forbids. */
static bool io_bitmap_allows(const struct pv_vcpu *pv, u16 port, unsigned bytes)
{
	u8 bits[2] = { 0xff, 0xff };
	u64 unread;

	if (!pv->iobmp || port + bytes > pv->iobmp_limit)
		return false;
	unread = guest_copy_in(bits, pv->iobmp + port / 8, sizeof(bits));
	if (unread > 1)
		return false;
	return !((bits[0] | bits[1] << 8) >> (port & 7) & ((1u << bytes) - 1));
}

static bool port_owned(struct domain *d, u16 port, unsigned bytes)
{
	return rangeset_contains(d->io_ports, port, port + bytes - 1);
}

/* PCI configuration mechanism 1: shared with the hypervisor, which keeps the control domain's
 * address apart. */
static bool pci_port(struct domain *d, u16 port, unsigned bytes)
{
	return d->privileged && port >= PCI_CF8 && port + bytes <= PCI_CF8 + 8;
}

static u32 port_read(struct domain *d, u16 port, unsigned bytes)
{
	if (unlikely(pci_port(d, port, bytes)))
		return pci_guest_port_read(port, bytes);
	return port_owned(d, port, bytes) ? port_in(port, bytes) : ~0u;
}

static void port_write(struct domain *d, u16 port, unsigned bytes, u32 value)
{
	if (unlikely(pci_port(d, port, bytes)))
		pci_guest_port_write(port, bytes, value);
	else if (port_owned(d, port, bytes))
		port_out(port, bytes, value);
}

static bool port_access(struct pv_vcpu *pv, const struct insn *in, struct regs *regs)
{
	struct domain *d = pv->common.domain;
	u16 port = in->has_imm ? in->imm : regs->rdx;
	u32 value;

	if (!io_privilege(pv) && !io_bitmap_allows(pv, port, in->op_bytes))
		return false;
	if (in->kind == INSN_OUT) {
		port_write(d, port, in->op_bytes, regs->rax);
		return true;
	}
	value = port_read(d, port, in->op_bytes);
	if (in->op_bytes == 4)
		regs->rax = value;
	else
		regs->rax = (regs->rax & ~((1ul << 8 * in->op_bytes) - 1)) |
			    (value & ((1ul << 8 * in->op_bytes) - 1));
	return true;
}

/*
 * INS and OUTS: one element at a time, so that a page fault of the guest's buffer comes between
 * elements; with REP the instruction stays at rip until rcx is 0. *stay tells that.
 */
static bool string_io(struct pv_vcpu *pv, const struct insn *in, struct regs *regs, bool *stay)
{
	struct domain *d = pv->common.domain;
	bool ins = in->kind == INSN_INS;
	u64 *address = ins ? &regs->rdi : &regs->rsi;
	u16 port = regs->rdx;
	u32 value = 0;
	u64 missing;

	if (in->addr_bytes != 8 || in->fs || in->gs ||
		(!io_privilege(pv) && !io_bitmap_allows(pv, port, in->op_bytes)))
		return false;
	if (in->rep && !regs->rcx)
		return true;
	if (ins) {
		value = port_read(d, port, in->op_bytes);
		missing = guest_copy_out(*address, &value, in->op_bytes);
	} else {
		missing = guest_copy_in(&value, *address, in->op_bytes);
		if (!missing)
			port_write(d, port, in->op_bytes, value);
	}
	*stay = true;
	if (missing) {
		trap_inject_pf(&pv->common, *address + in->op_bytes - missing, ins ? PF_WRITE : 0);
		return true;
	}
	*address += regs->rflags & X86_EFLAGS_DF ? -(u64)in->op_bytes : in->op_bytes;
	*stay = in->rep && --regs->rcx;
	return true;
}

/* ---- control and debug registers ---- */

static u64 guest_cr0(const struct pv_vcpu *pv)
{
	return (cr0_read() & ~CR0_TS) | (pv->ts ? CR0_TS : 0);
}

static bool read_cr(struct vcpu *v, unsigned reg, u64 *value)
{
	const struct pv_vcpu *pv = pv_vcpu_of(v);

	switch (reg) {
	case 0: *value = guest_cr0(pv); return true;
	case 2: *value = v->info->arch.cr2; return true;
	case 3: *value = xen_pfn_to_cr3(pv->kernel_l4); return true;
	case 4: *value = pv_guest_cr4(pv); return true;
	default: return false;
	}
}

/* again: the table's validation was preempted; the instruction runs again. */
static bool write_cr(struct vcpu *v, unsigned reg, u64 value, bool *again)
{
	int r;

	switch (reg) {
	case 0:
		if ((value ^ guest_cr0(pv_vcpu_of(v))) & ~CR0_TS)
			return false;
		pv_set_ts(v, value & CR0_TS);
		return true;
	case 2: v->info->arch.cr2 = value; return true;
	case 3:
		r = mmu_set_kernel_l4(v, mfn(xen_cr3_to_pfn(value)));
		*again = r == -ERESTART;
		return r == 0 || *again;
	case 4: pv_set_cr4(v, value); return true;
	default: return false;
	}
}

static bool control_op(struct vcpu *v, const struct insn *in, struct regs *regs, bool *stay)
{
	u64 *rm = insn_reg(regs, in->rm);

	switch (in->kind) {
	case INSN_MOV_FROM_CR: return read_cr(v, in->reg, rm);
	case INSN_MOV_TO_CR: return write_cr(v, in->reg, *rm, stay);
	case INSN_MOV_FROM_DR:
		if (in->reg > 7)
			return false;
		*rm = pv_get_debugreg(v, in->reg);
		return true;
	case INSN_MOV_TO_DR: return in->reg <= 7 && pv_set_debugreg(v, in->reg, *rm) == 0;
	case INSN_CLTS: pv_set_ts(v, false); return true;
	default: return false;
	}
}

/* ---- the rest ---- */

static bool rdmsr_op(struct vcpu *v, struct regs *regs)
{
	u64 value;

	if (!pv_rdmsr(v, regs->rcx, &value))
		return false;
	regs->rax = (u32)value;
	regs->rdx = value >> 32;
	return true;
}

static bool xsetbv_op(struct pv_vcpu *pv, struct regs *regs, bool *stay)
{
	u64 value = (u32)regs->rax | regs->rdx << 32;

	if (!(pv->cr4 & CR4_OSXSAVE)) {
		trap_inject(&pv->common, TRAP_UD, 0);
		*stay = true;
		return true;
	}
	if ((u32)regs->rcx != 0 || !xstate_xcr0_valid(value) ||
		(value & ~pv_xcr0_offered(pv->common.domain)))
		return false;
	pv->xcr0 = value;
	xcr0_set(value);
	return true;
}

static void do_cpuid(struct vcpu *v, struct regs *regs)
{
	u32 out[4];

	pv_cpuid(v, regs->rax, regs->rcx, out);
	regs->rax = out[0];
	regs->rbx = out[1];
	regs->rcx = out[2];
	regs->rdx = out[3];
}

static bool kernel_op(struct vcpu *v, const struct insn *in, struct regs *regs, bool *stay)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	switch (in->kind) {
	case INSN_CLI:
	case INSN_STI:
		/* The upcall mask is the guest's interrupt flag, and POPF cannot be caught: these
		 * two do nothing either. */
		return io_privilege(pv);
	case INSN_RDMSR: return rdmsr_op(v, regs);
	case INSN_WRMSR: return pv_wrmsr(v, regs->rcx, (u32)regs->rax | regs->rdx << 32);
	case INSN_XSETBV: return xsetbv_op(pv, regs, stay);
	case INSN_WBINVD:
		if (v->domain->privileged)
			cache_flush();
		return true;
	default: return control_op(v, in, regs, stay);
	}
}

/* In user mode CR4.TSD may be the guest kernel's wish; ours is for the domain's own TSC. */
static bool rdtsc_op(struct pv_vcpu *pv, struct regs *regs, bool with_aux)
{
	u64 tsc;

	if (!pv->kernel_mode && (pv->cr4 & CR4_TSD))
		return false;
	tsc = pv_tsc_read(pv->common.domain);
	regs->rax = (u32)tsc;
	regs->rdx = tsc >> 32;
	if (with_aux)
		regs->rcx = pv->tsc_aux;
	return true;
}

static bool emulate(struct vcpu *v, const struct insn *in, struct regs *regs, bool *stay)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	switch (in->kind) {
	case INSN_IN:
	case INSN_OUT: return port_access(pv, in, regs);
	case INSN_INS:
	case INSN_OUTS: return string_io(pv, in, regs, stay);
	case INSN_CPUID: do_cpuid(v, regs); return true;
	case INSN_RDTSC:
	case INSN_RDTSCP: return rdtsc_op(pv, regs, in->kind == INSN_RDTSCP);
	default: return pv->kernel_mode && kernel_op(v, in, regs, stay);
	}
}

bool privop_emulate(struct regs *regs)
{
	u8 code[INSN_MAX] __attribute__((uninitialized));
	struct vcpu *v = current_vcpu();
	bool stay = false;
	struct insn in;
	u64 missing;

	missing = guest_copy_in(code, regs->rip, sizeof(code));
	if (regs->cs != FLAT_RING3_CS64 && !segment_is_long(regs->cs)) {
		/* 32-bit code decodes differently, but for this */
		if (missing > sizeof(code) - 2 || code[0] != 0x0f || code[1] != 0x31 ||
			!rdtsc_op(pv_vcpu_of(v), regs, false))
			return false;
		regs->rip += 2;
		return true;
	}
	if (!insn_decode(code, sizeof(code) - missing, &in) || in.lock)
		return false;
	if (!emulate(v, &in, regs, &stay))
		return false;
	if (!stay) {
		regs->rip += in.length;
		regs->rflags &= ~(u64)X86_EFLAGS_RF;
	}
	return true;
}

bool privop_forced_cpuid(struct regs *regs)
{
	static const u8 expected[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	struct vcpu *v = current_vcpu();
	u8 code[sizeof(expected)];

	if (guest_copy_in(code, regs->rip, sizeof(code)))
		return false;
	for (unsigned i = 0; i < sizeof(code); i++)
		if (code[i] != expected[i])
			return false;
	do_cpuid(v, regs);
	regs->rip += sizeof(code);
	regs->rflags &= ~(u64)X86_EFLAGS_RF;
	return true;
}
