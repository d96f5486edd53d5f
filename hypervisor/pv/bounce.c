/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entering the guest kernel: frames on its stack for traps, events, system calls and the failsafe
 * callback (PV-ABI 1-4, 10, 11, 21), and the work before each return to the guest. All on the vcpu
 * that runs on this CPU; regs is the live frame at the stack top.
 */
#include "pv/mmu.h"
#include "pv/traps.h"
#include "x86/upcalls.h"

/* Bits that never survive an entry into the guest kernel. */
#define ENTRY_CLEARS (X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM | X86_EFLAGS_AC)

/* The guest's kernel sees its virtual interrupt flag and I/O privilege level. */
static u64 virtual_rflags(u64 rflags, bool masked, unsigned iopl)
{
	rflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_IOPL);
	if (!masked)
		rflags |= X86_EFLAGS_IF;
	return rflags | (u64)iopl << 12;
}

static always_inline unsigned frame_words(u64 *w, const struct regs *regs, struct bounce b,
	const u16 *selectors, bool from_kernel, bool masked, unsigned iopl)
{
	unsigned n = 0;

	w[n++] = regs->rcx;
	w[n++] = regs->r11;
	if (unlikely(b.failsafe))
		for (unsigned i = 0; i < 4; i++)
			w[n++] = selectors[i];
	if (b.has_error)
		w[n++] = b.error;
	w[n++] = regs->rip;
	w[n++] = (regs->cs & (from_kernel ? 0xfffc : 0xffff)) | (u64)masked << 32;
	w[n++] = virtual_rflags(regs->rflags, masked, iopl);
	w[n++] = regs->rsp;
	w[n++] = regs->ss & 0xffff;
	return n;
}

unsigned bounce_words(u64 *w, const struct regs *regs, struct bounce b, const u16 *selectors,
	bool from_kernel, bool masked, unsigned iopl)
{
	return frame_words(w, regs, b, selectors, from_kernel, masked, iopl);
}

static unsigned frame_iopl(const struct pv_vcpu *pv)
{
	return pv->common.domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl) ? pv->iopl : 0;
}

bool bounce_create(struct vcpu *v, struct regs *regs, struct bounce b)
{
	u64 w[BOUNCE_WORDS_MAX] __attribute__((uninitialized));
	struct pv_vcpu *pv = pv_vcpu_of(v);
	bool from_kernel = pv->kernel_mode, masked = v->info->evtchn_upcall_mask;
	unsigned n;
	u64 rsp;

	if (unlikely(!b.handler)) {
		domain_crash(
			v->domain, "no handler for what its vcpu %u got at %lx", v->id, regs->rip);
		return false;
	}
	n = frame_words(w, regs, b, &pv->ds, from_kernel, masked, frame_iopl(pv));
	if (!from_kernel)
		mmu_toggle_mode(pv);
	rsp = ((from_kernel ? regs->rsp : pv->kernel_sp) & ~15ull) - n * sizeof(w[0]);
	if (unlikely(guest_copy_out(rsp, w, n * sizeof(w[0])))) {
		domain_crash(v->domain, "no room for a frame at %lx on the kernel stack of vcpu %u",
			rsp, v->id);
		return false;
	}
	if (b.mask_events)
		v->info->evtchn_upcall_mask = 1;
	regs->rip = b.handler;
	regs->cs = FLAT_RING3_CS64;
	regs->ss = FLAT_RING3_SS64;
	regs->rsp = rsp;
	regs->rflags &= ~(u64)ENTRY_CLEARS;
	return true;
}

bool bounce_failsafe(struct vcpu *v, struct regs *regs)
{
	const struct pv_callback *cb = &pv_vcpu_of(v)->failsafe;

	return bounce_create(v, regs,
		(struct bounce){
			.handler = cb->address,
			.mask_events = cb->flags & CALLBACKF_mask_events,
			.failsafe = true,
		});
}

/*
 * The final iret refused the guest's own rip, cs, ss or rsp: its kernel gets the fault that the
 * iret took, with those values in the frame, as Xen 4.17 does it. A fault on the LDT page of a
 * selector becomes the #GP that a bad selector is.
 */
void upcall_exit_fault(struct regs *regs)
{
	struct vcpu *v = current_vcpu();

	if (regs->vector == TRAP_PF || regs->vector > TRAP_GP)
		trap_inject(v, TRAP_GP, regs->cs & 0xfff8);
	else
		trap_inject(v, regs->vector, regs->error_code);
}

/* ---- the queued trap ---- */

void trap_inject(struct vcpu *v, u8 vector, u32 error_code)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (unlikely(pv->trap.pending)) {
		domain_crash(v->domain, "trap %u while trap %u waits for delivery", vector,
			pv->trap.vector);
		return;
	}
	pv->trap.pending = true;
	pv->trap.vector = vector;
	pv->trap.error_code = error_code;
}

void trap_inject_pf(struct vcpu *v, u64 cr2, u32 error_code)
{
	v->info->arch.cr2 = cr2;
	error_code &= ~PF_USER;
	if (!pv_vcpu_of(v)->kernel_mode)
		error_code |= PF_USER;
	trap_inject(v, TRAP_PF, error_code);
}

static bool trap_has_error(unsigned vector)
{
	const u32 with = BIT(TRAP_DF) | BIT(TRAP_TS) | BIT(TRAP_NP) | BIT(TRAP_SS) | BIT(TRAP_GP) |
			 BIT(TRAP_PF) | BIT(TRAP_AC);

	return vector < 32 && (with >> vector & 1);
}

static void deliver_trap(struct vcpu *v, struct regs *regs)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	const struct trap_info *ti = &pv->traps[pv->trap.vector];
	struct bounce b = {
		.handler = ti->address,
		.has_error = trap_has_error(pv->trap.vector),
		.error = pv->trap.error_code,
		.mask_events = TI_GET_IF(ti),
	};

	pv->trap.pending = false;
	if (unlikely(!b.handler)) {
		domain_crash(v->domain, "trap %u (error %x) at %lx has no handler", pv->trap.vector,
			b.error, regs->rip);
		return;
	}
	bounce_create(v, regs, b);
}

static void deliver_nmi(struct vcpu *v, struct regs *regs)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	const struct trap_info *ti = &pv->traps[TRAP_NMI];

	pv->nmi_pending = false;
	if (ti->address)
		bounce_create(v, regs,
			(struct bounce){ .handler = ti->address, .mask_events = TI_GET_IF(ti) });
}

void pv_exit_work(struct vcpu *v, struct regs *regs)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (pv->trap.pending)
		deliver_trap(v, regs);
	if (unlikely(pv->failsafe_pending)) {
		pv->failsafe_pending = false;
		bounce_failsafe(v, regs);
	}
	if (unlikely(pv->nmi_pending))
		deliver_nmi(v, regs);
	if (vcpu_events_to_deliver(v) && likely(pv->event.address))
		bounce_create(v, regs,
			(struct bounce){ .handler = pv->event.address, .mask_events = true });
}
