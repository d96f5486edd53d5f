/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps, events and returns: what enters and leaves the guest. trap.c decides, bounce.c builds
 * frames, iret.c takes them apart, privop.c emulates. */
#ifndef PV_TRAPS_H
#define PV_TRAPS_H

#include "pv/pv.h"

/* Implemented by hc/dispatch.c: SYSCALL from guest kernel mode. */
void hypercall(struct regs *regs);

/* Queue a trap for delivery on the way out. One at a time; a second one before delivery crashes the
 * domain as Xen's double fault does. */
void trap_inject(struct vcpu *v, u8 vector, u32 error_code);
void trap_inject_pf(struct vcpu *v, u64 cr2, u32 error_code);

/* What a bounce frame holds besides rip..ss: <xen/callback.h> kinds. */
struct bounce {
	u64 handler;
	bool has_error, mask_events, failsafe;
	u32 error;
};
/* Build the frame of PV-ABI 1-4 on the right guest stack and point regs to the handler. False: it
 * could not be written, domain crashed. */
bool bounce_create(struct vcpu *v, struct regs *regs, struct bounce b); /* two registers */
bool bounce_failsafe(struct vcpu *v, struct regs *regs);		/* PV-ABI 11 */
/* The words of the frame, lowest address first, as bounce_create writes them; returns how many.
 * Pure. */
#define BOUNCE_WORDS_MAX 11
unsigned bounce_words(u64 *w, const struct regs *regs, struct bounce b, const u16 *selectors,
	bool from_kernel, bool masked, unsigned iopl);
void pv_exit_work(struct vcpu *v, struct regs *regs);
/* HYPERVISOR_iret: frame from the guest's stack (PV-ABI 5); returns what the caller leaves in rax
 */
u64 iret_from_guest_stack(void);
/* The flags that run after an iret to `flags`: what the guest may not change stays ours. */
u64 iret_rflags(u64 flags);
/* #GP/#UD from the guest kernel: true when emulated. */
bool privop_emulate(struct regs *regs);
bool privop_forced_cpuid(struct regs *regs);
void pv_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4]); /* eax ebx ecx edx */
/* The same without what depends on a vcpu and its state. */
void pv_domain_cpuid(struct domain *d, u32 leaf, u32 subleaf, u32 out[4]);
u64 pv_xcr0_offered(struct domain *d); /* bits that its vcpus may set */
bool pv_rdmsr(struct vcpu *v, u32 msr, u64 *value);
bool pv_wrmsr(struct vcpu *v, u32 msr, u64 value);
void pv_tsc_aux_load(const struct pv_vcpu *v); /* into the CPU, at a switch */
must_check int pv_set_debugreg(struct vcpu *v, unsigned reg, u64 value);
u64 pv_get_debugreg(struct vcpu *v, unsigned reg); /* -ENODEV as u64 for a bad one */
void pv_debugreg_load(const struct pv_vcpu *v);	   /* into the CPU, at a switch */
void pv_debugreg_trap(struct pv_vcpu *v);	   /* #DB: DR6 of the CPU joins the guest's */
must_check int pv_set_callback(struct vcpu *v, u16 type, u16 flags, u64 address);
must_check int pv_clear_callback(struct vcpu *v, u16 type);
must_check int pv_set_segment_base(struct vcpu *v, unsigned which, u64 base);
must_check int pv_stack_switch(struct vcpu *v, u64 ss, u64 sp);
void pv_set_cr4(
	struct vcpu *v, u64 value); /* of the current vcpu; bits that we do not offer are dropped */
void pv_load_cr4(const struct pv_vcpu *v); /* into the CPU, with what its domain's TSC needs */
u64 pv_cr4_allowed(u64 value);		   /* the bits of value that a guest may own */
u64 pv_guest_cr4(const struct pv_vcpu *v); /* as the guest reads it */
void pv_set_ts(struct vcpu *v, bool set);
void nmi_init(void); /* boot: from here on the control domain is told of NMIs */
void pv_time_update(struct vcpu *v);
void pv_wallclock_update(struct domain *d);

#endif
