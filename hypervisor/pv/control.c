/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vcpu's virtual control state, set by small hypercalls and by emulated instructions: callbacks
 * (PV-ABI 6, 11), segment bases (12), kernel stack (4), CR0.TS (24) and CR4. Values that the
 * processor would refuse are refused here, so that loading them cannot fault.
 */
#include "pv/traps.h"
#include "x86/guest_cpu.h"
#include "x86/xstate.h"

#define CR4_TSD	       BIT(2)
#define CR4_PAE	       BIT(5)
#define CR4_MCE	       BIT(6)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_OSXSAVE    BIT(18)
#define CR4_ALWAYS     (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

static struct pv_callback *callback(struct pv_vcpu *pv, u16 type)
{
	switch (type) {
	case CALLBACKTYPE_event: return &pv->event;
	case CALLBACKTYPE_failsafe: return &pv->failsafe;
	case CALLBACKTYPE_syscall: return &pv->syscall;
	case CALLBACKTYPE_syscall32: return &pv->syscall32;
	case CALLBACKTYPE_sysenter: return &pv->sysenter;
	default: return NULL;
	}
}

/* The NMI's handler is the trap table's, which set_trap_table may set as well. */
static void nmi_handler_set(struct pv_vcpu *pv, u64 address)
{
	struct trap_info *ti = &pv->traps[TRAP_NMI];

	*ti = (struct trap_info){ .vector = TRAP_NMI, .cs = FLAT_RING3_CS64, .address = address };
	TI_SET_IF(ti, 1);
}

int pv_set_callback(struct vcpu *v, u16 type, u16 flags, u64 address)
{
	struct pv_callback *cb = callback(pv_vcpu_of(v), type);

	if (!cb && type != CALLBACKTYPE_nmi)
		return fail(ENOSYS);
	if (!is_canonical(address))
		return fail(EINVAL);
	if (!cb) {
		nmi_handler_set(pv_vcpu_of(v), address);
		return 0;
	}
	*cb = (struct pv_callback){ .address = address, .flags = flags };
	return 0;
}

int pv_clear_callback(struct vcpu *v, u16 type)
{
	if (type != CALLBACKTYPE_nmi)
		return fail(callback(pv_vcpu_of(v), type) ? EINVAL : ENOSYS);
	pv_vcpu_of(v)->traps[TRAP_NMI] = (struct trap_info){ 0 };
	return 0;
}

/* The user's GS with its base from the descriptor, while the kernel's base stays active. */
static void load_user_gs(u16 selector)
{
	gs_swap();
	(void)!segment_load(SEG_GS, selector);
	gs_swap();
}

int pv_set_segment_base(struct vcpu *v, unsigned which, u64 base)
{
	if (which <= SEGBASE_GS_KERNEL && !is_canonical(base))
		return fail(EINVAL);
	switch (which) {
	case SEGBASE_FS: fs_base_write(base); return 0;
	case SEGBASE_GS_USER: gs_other_write(base); return 0;
	case SEGBASE_GS_KERNEL: gs_base_write(base); return 0;
	case SEGBASE_GS_USER_SEL: load_user_gs(base); return 0;
	default: return fail(EINVAL);
	}
}

int pv_stack_switch(struct vcpu *v, u64 ss, u64 sp)
{
	if (!is_canonical(sp))
		return fail(EINVAL);
	pv_vcpu_of(v)->kernel_ss = ss | 3;
	pv_vcpu_of(v)->kernel_sp = sp;
	return 0;
}

void pv_set_ts(struct vcpu *v, bool set)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (pv->ts == set)
		return;
	pv->ts = set;
	cr0_ts_set(set);
}

u64 pv_cr4_allowed(u64 value)
{
	return value & (cr4_guest_mask() | (xstate_features() ? CR4_OSXSAVE : 0));
}

void pv_load_cr4(const struct pv_vcpu *pv)
{
	bool own_tsc = pv_of(pv->common.domain)->tsc.emulated;

	cr4_guest_set(pv->cr4 | (own_tsc ? CR4_TSD : 0));
}

void pv_set_cr4(struct vcpu *v, u64 value)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	pv->cr4 = pv_cr4_allowed(value);
	pv_load_cr4(pv);
}

u64 pv_guest_cr4(const struct pv_vcpu *pv)
{
	return pv->cr4 | CR4_ALWAYS;
}
