/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state of a vcpu in <xen/arch-x86/xen.h> vcpu_guest_context form. The vcpu does not run
 * meanwhile (it is down, or paused by the caller), so its fields and v->regs are the truth. Values
 * that are only ever loaded by IRET or by segment loads that may fault are taken as they are; the
 * others are checked before anything changes, and what can be preempted (the page tables) comes
 * first.
 */
#include "pv/context.h"
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/traps.h"
#include "lib/string.h"
#include "x86/xstate.h"

#define FXSAVE_BYTES 512
#define FXSAVE_MXCSR 24
#define MXCSR_VALID  0xffffu
#define XSAVE_BV \
	512 /* offset of XSTATE_BV in a save area: which parts are not in their initial state */
#define XSAVE_X87_SSE  3ul
#define GDT_FRAMES_MAX 14

_Static_assert(offsetof(struct regs, cs) == offsetof(struct cpu_user_regs, cs),
	"registers up to cs are one copy");

static bool addresses_ok(const struct vcpu_guest_context *c)
{
	const u64 canonical[] = {
		c->fs_base,
		c->gs_base_kernel,
		c->gs_base_user,
		c->kernel_sp,
		c->event_callback_eip,
		c->failsafe_callback_eip,
		c->syscall_callback_eip,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(canonical); i++)
		if (!is_canonical(canonical[i]))
			return false;
	for (unsigned i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!is_canonical(c->trap_ctxt[i].address))
			return false;
	return true;
}

static int tables_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	mfn_t kernel = mfn(xen_cr3_to_pfn(c->ctrlreg[3])),
	      user = mfn(xen_cr3_to_pfn(c->ctrlreg[1]));
	int r;

	if (kernel.n == 0)
		return fail(EINVAL);
	if (!(c->flags & VGCF_IN_KERNEL) && user.n == 0)
		return fail(EINVAL);
	r = mmu_set_kernel_l4(v, kernel);
	if (!r)
		r = mmu_set_user_l4(v, user);
	if (!r)
		r = desc_set_gdt(v, c->gdt_frames, c->gdt_ents);
	if (!r)
		r = desc_set_ldt(v, c->ldt_base, c->ldt_ents);
	return r;
}

static int debugregs_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
	static const u8 order[] = { 0, 1, 2, 3, 6, 7 };

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		int r = pv_set_debugreg(v, order[i], c->debugreg[order[i]]);

		if (r)
			return r;
	}
	return 0;
}

static void fpu_set(struct pv_vcpu *pv, const struct vcpu_guest_context *c)
{
	char *area = pv->xsave;
	u32 mxcsr;

	xstate_init(area);
	if (!(c->flags & VGCF_I387_VALID))
		return;
	memcpy(area, c->fpu_ctxt.x, FXSAVE_BYTES);
	memcpy(&mxcsr, area + FXSAVE_MXCSR, sizeof(mxcsr));
	mxcsr &= MXCSR_VALID;
	memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	if (xstate_features())
		*(u64 *)(area + XSAVE_BV) |= XSAVE_X87_SSE;
}

static void regs_set(struct pv_vcpu *pv, const struct vcpu_guest_context *c)
{
	struct regs *r = &pv->common.regs;
	const struct cpu_user_regs *u = &c->user_regs;

	memcpy(r, u, offsetof(struct regs, cs));
	r->error_code = 0;
	r->vector = 0;
	r->cs = u->cs | 3;
	r->ss = u->ss | 3;
	r->rflags = iret_rflags(u->rflags);
	r->rsp = u->rsp;
	pv->iopl = u->rflags >> 12 & 3;
	pv->ds = u->ds;
	pv->es = u->es;
	pv->fs = u->fs;
	pv->gs = u->gs;
	pv->fs_base = c->fs_base;
	pv->gs_base_kernel = c->gs_base_kernel;
	pv->gs_base_user = c->gs_base_user;
}

static struct pv_callback callback_of(u64 address, bool masks)
{
	return (struct pv_callback){ .address = address,
		.flags = masks ? CALLBACKF_mask_events : 0 };
}

static void entries_set(struct pv_vcpu *pv, const struct vcpu_guest_context *c)
{
	memcpy(pv->traps, c->trap_ctxt, sizeof(pv->traps));
	pv->event = callback_of(c->event_callback_eip, true);
	pv->failsafe =
		callback_of(c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events);
	pv->syscall = callback_of(c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events);
	pv->kernel_ss = c->kernel_ss | 3;
	pv->kernel_sp = c->kernel_sp;
}

static int context_set(struct vcpu *v, const struct vcpu_guest_context *c, bool again)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	bool kernel = c->flags & VGCF_IN_KERNEL;
	int r;

	if (v->initialised && !again)
		return fail(EEXIST);
	if (!addresses_ok(c) || c->gdt_ents > FIRST_RESERVED_GDT_ENTRY)
		return fail(EINVAL);
	if (pv->loaded_cpu < NR_CPUS)
		pv->loaded_cpu = NR_CPUS; /* what an idle CPU kept of it is no longer true */
	r = debugregs_set(v, c);
	if (!r)
		r = tables_set(v, c);
	if (r)
		return r;
	pv->kernel_mode = kernel;
	pv->cr3 = (kernel ? pv->kernel_l4 : pv->user_l4) << PAGE_SHIFT;
	pv->ts = c->ctrlreg[0] & BIT(3);
	pv->cr4 = pv_cr4_allowed(c->ctrlreg[4]);
	fpu_set(pv, c);
	regs_set(pv, c);
	entries_set(pv, c);
	if (v->id == 0)
		v->domain->vm_assist = c->vm_assist;
	v->initialised = true;
	return 0;
}

/* Two vcpus of a guest may do this to a third one at once, and what is replaced is given back once:
 * who comes second runs its call again until the first is done. */
int pv_context_set(struct vcpu *v, const struct vcpu_guest_context *c, bool again)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	int r;

	if (atomic_xchg(&pv->context_busy, 1))
		return -ERESTART;
	r = context_set(v, c, again);
	atomic_store_release(&pv->context_busy, 0);
	return r;
}

static u64 l4_as_cr3(u64 l4)
{
	return l4 == INVALID_MFN_RAW ? 0 : xen_pfn_to_cr3(l4);
}

static void regs_get(const struct pv_vcpu *pv, struct vcpu_guest_context *c)
{
	const struct regs *r = &pv->common.regs;
	struct cpu_user_regs *u = &c->user_regs;

	memcpy(u, r, offsetof(struct regs, cs));
	u->error_code = 0;
	u->entry_vector = 0;
	u->cs = r->cs;
	u->saved_upcall_mask = pv->common.info->evtchn_upcall_mask;
	u->rflags = (r->rflags & ~(u64)X86_EFLAGS_IOPL) | (u64)pv->iopl << 12;
	u->rsp = r->rsp;
	u->ss = r->ss;
	u->ds = pv->ds;
	u->es = pv->es;
	u->fs = pv->fs;
	u->gs = pv->gs;
	c->fs_base = pv->fs_base;
	c->gs_base_kernel = pv->gs_base_kernel;
	c->gs_base_user = pv->gs_base_user;
}

void pv_context_get(struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct pv_vcpu *pv = pv_vcpu_of(v);

	memset(c, 0, sizeof(*c));
	memcpy(c->fpu_ctxt.x, pv->xsave, FXSAVE_BYTES);
	c->flags = VGCF_I387_VALID | (pv->kernel_mode ? VGCF_IN_KERNEL : 0);
	if (!(READ_ONCE(v->flags) & VCPU_DOWN))
		c->flags |= VGCF_online;
	if (pv->failsafe.flags & CALLBACKF_mask_events)
		c->flags |= VGCF_failsafe_disables_events;
	if (pv->syscall.flags & CALLBACKF_mask_events)
		c->flags |= VGCF_syscall_disables_events;
	regs_get(pv, c);
	memcpy(c->trap_ctxt, pv->traps, sizeof(c->trap_ctxt));
	c->ldt_base = pv->ldt_base;
	c->ldt_ents = pv->ldt_entries;
	for (unsigned i = 0; i < GDT_FRAMES_MAX && i * 512 < pv->gdt_entries; i++)
		c->gdt_frames[i] = pv->gdt_frames[i];
	c->gdt_ents = pv->gdt_entries;
	c->kernel_ss = pv->kernel_ss;
	c->kernel_sp = pv->kernel_sp;
	c->ctrlreg[0] = 0x80050033 | (pv->ts ? BIT(3) : 0);
	c->ctrlreg[1] = l4_as_cr3(pv->user_l4);
	c->ctrlreg[2] = v->info->arch.cr2;
	c->ctrlreg[3] = l4_as_cr3(pv->kernel_l4);
	c->ctrlreg[4] = pv_guest_cr4(pv);
	for (unsigned i = 0; i < ARRAY_SIZE(c->debugreg); i++)
		c->debugreg[i] = pv->dr[i];
	c->event_callback_eip = pv->event.address;
	c->failsafe_callback_eip = pv->failsafe.address;
	c->syscall_callback_eip = pv->syscall.address;
	c->vm_assist = v->domain->vm_assist;
}
