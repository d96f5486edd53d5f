/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's exceptions and SYSCALLs mean (PV-ABI 6, 7, 9, 10, 14, 17, 24, 25): which of them
 * are the hypervisor's own doing and hidden, which are instructions to emulate, and which the guest
 * kernel gets. regs is the live frame; delivery is bounce.c's, on the way out.
 */
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/traps.h"
#include "core/log.h"
#include "core/trace.h"
#include "x86/guest_cpu.h"
#include "x86/upcalls.h"

static bool in_hv_range(u64 va)
{
	return va >= HV_VIRT_START && va < HV_VIRT_END;
}

/* The CPU read the LDT window for the guest: map the page, or give the guest the fault that its own
 * LDT has there. */
static void ldt_window_fault(struct vcpu *v, struct regs *regs, u64 offset)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (desc_ldt_fault(v, offset))
		return;
	if (offset >= pv->ldt_entries * 8ul)
		trap_inject(v, TRAP_GP, (offset & 0xfff8) | 4);
	else
		trap_inject_pf(v, pv->ldt_base + offset, regs->error_code);
}

static void page_fault(struct vcpu *v, struct regs *regs)
{
	const u32 write_protected = PF_PRESENT | PF_WRITE | PF_USER;
	u64 cr2 = cr2_read(), offset;

	if (unlikely(regs->error_code & PF_RSVD)) {
		domain_crash(v->domain, "reserved bit in a page table: fault at %lx, address %lx",
			regs->rip, cr2);
		return;
	}
	if (unlikely(in_hv_range(cr2)) && desc_ldt_offset(cr2, &offset)) {
		ldt_window_fault(v, regs, offset);
		return;
	}
	if ((regs->error_code & (write_protected | PF_FETCH)) == write_protected &&
		pv_vcpu_of(v)->kernel_mode && !in_hv_range(cr2) && mmu_write_fault(regs, cr2))
		return;
	trap_inject_pf(v, cr2, regs->error_code);
}

/* INT n: gates have DPL 0, so it arrives as #GP. The error code is not trusted (TESTBED: QEMU's
 * differs), the opcode is. */
static bool software_interrupt(struct vcpu *v, struct regs *regs)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	const struct trap_info *ti;
	u8 code[2];

	if (!(regs->error_code & 2) || guest_copy_in(code, regs->rip, sizeof(code)) ||
		code[0] != 0xcd)
		return false;
	ti = &pv->traps[code[1]];
	if (!ti->address || TI_GET_DPL(ti) < (pv->kernel_mode ? 1 : 3)) {
		trap_inject(v, TRAP_GP, code[1] * 8u + 2);
		return true;
	}
	regs->rip += 2;
	trap_inject(v, code[1], 0);
	return true;
}

static void general_protection(struct vcpu *v, struct regs *regs)
{
	if (software_interrupt(v, regs))
		return;
	if (regs->error_code == 0 && privop_emulate(regs))
		return;
	trap_inject(v, TRAP_GP, regs->error_code & 0xffff);
}

static void device_not_available(struct vcpu *v)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	cr0_ts_set(false);
	if (pv->ts) {
		pv->ts = false;
		trap_inject(v, TRAP_NM, 0);
	}
}

void upcall_guest_trap(struct regs *regs)
{
	struct vcpu *v = current_vcpu();

	switch (regs->vector) {
	case TRAP_PF: page_fault(v, regs); break;
	case TRAP_GP: general_protection(v, regs); break;
	case TRAP_NM: device_not_available(v); break;
	case TRAP_UD:
		if (!privop_forced_cpuid(regs))
			trap_inject(v, TRAP_UD, 0);
		break;
	case TRAP_DB:
		pv_debugreg_trap(pv_vcpu_of(v));
		trap_inject(v, TRAP_DB, 0);
		break;
	default: trap_inject(v, regs->vector, regs->error_code); break;
	}
}

/* Without a callback for it, the guest's user code gets what the CPU says where the instruction is
 * not enabled. */
static void enter_by_callback(
	struct vcpu *v, struct regs *regs, const struct pv_callback *cb, u8 vector, unsigned back)
{
	if (likely(cb->address)) {
		bounce_create(v, regs,
			(struct bounce){
				.handler = cb->address,
				.mask_events = cb->flags & CALLBACKF_mask_events,
			});
		return;
	}
	regs->rip -= back;
	trap_inject(v, vector, 0);
}

void upcall_guest_syscall(struct regs *regs)
{
	struct vcpu *v = current_vcpu();
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (unlikely(regs->vector == VECTOR_SYSENTER)) {
		if (pv->kernel_mode)
			trap_inject(v, TRAP_GP, 0);
		else
			enter_by_callback(v, regs, &pv->sysenter, TRAP_GP, 0);
	} else if (unlikely(regs->cs == FLAT_RING3_CS32)) {
		enter_by_callback(v, regs, &pv->syscall32, TRAP_UD, 2);
	} else if (pv->kernel_mode) {
		hypercall(regs);
	} else {
		enter_by_callback(v, regs, &pv->syscall, TRAP_UD, 2);
	}
}
