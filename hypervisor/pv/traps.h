/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps, events and returns: what enters and leaves the guest. trap.c decides, bounce.c builds frames, iret.c takes them apart, privop.c emulates. */
#ifndef PV_TRAPS_H
#define PV_TRAPS_H

#include "pv/pv.h"

/* Queue a trap for delivery on the way out. One at a time; a second one before delivery crashes the domain as Xen's double fault does. */
void trap_inject(struct vcpu *v, u8 vector, u32 error_code);
void trap_inject_pf(struct vcpu *v, u64 cr2, u32 error_code);
/* Build the frame of PV-ABI 1-4 on the right guest stack and point regs to the handler. False: the write faulted, domain crashed. */
bool bounce_create(struct vcpu *v, struct regs *regs, u64 handler, bool has_error, u32 error, bool mask_events, bool syscall);
bool bounce_failsafe(struct vcpu *v, struct regs *regs);
void pv_exit_work(struct vcpu *v, struct regs *regs);
/* HYPERVISOR_iret: frame from the guest's stack (PV-ABI 5); returns what the caller leaves in rax */
u64 iret_from_guest_stack(void);
/* #GP/#UD from the guest kernel: true when emulated. */
bool privop_emulate(struct regs *regs);
bool privop_forced_cpuid(struct regs *regs);
void pv_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4]);  /* eax ebx ecx edx */
bool pv_rdmsr(struct vcpu *v, u32 msr, u64 *value);
bool pv_wrmsr(struct vcpu *v, u32 msr, u64 value);
must_check int pv_set_debugreg(struct vcpu *v, unsigned reg, u64 value);
u64 pv_get_debugreg(struct vcpu *v, unsigned reg);                 /* -EINVAL as u64 for a bad one */
must_check int pv_set_callback(struct vcpu *v, u16 type, u16 flags, u64 address);
must_check int pv_clear_callback(struct vcpu *v, u16 type);
must_check int pv_set_segment_base(struct vcpu *v, unsigned which, u64 base);
must_check int pv_stack_switch(struct vcpu *v, u64 ss, u64 sp);
void pv_set_ts(struct vcpu *v, bool set);
void pv_time_update(struct vcpu *v);
void pv_wallclock_update(struct domain *d);

#endif
