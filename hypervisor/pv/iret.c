/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_iret (PV-ABI 5, <xen/arch-x86/xen-x86_64.h> struct iret_context): the frame comes from
 * the guest's stack, may hold any value, and is copied once. Its addresses and selectors are not
 * checked here: the final iret does, and upcall_exit_fault takes what it refuses.
 */
#include "pv/mmu.h"
#include "pv/traps.h"

#define FLAGS_OURS \
	(X86_EFLAGS_IOPL | X86_EFLAGS_VM | X86_EFLAGS_VIF | X86_EFLAGS_VIP | X86_EFLAGS_NT)

u64 iret_rflags(u64 flags)
{
	return (flags & 0x3fffff & ~(u64)(FLAGS_OURS | 0x8028)) | X86_EFLAGS_IF | X86_EFLAGS_MBS;
}

u64 iret_from_guest_stack(void)
{
	struct iret_context f __attribute__((uninitialized));
	struct regs *regs = guest_regs();
	struct vcpu *v = current_vcpu();
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (unlikely(guest_copy_in(&f, regs->rsp, sizeof(f)))) {
		domain_crash(v->domain, "iret: no frame at %lx", regs->rsp);
		return 0;
	}
	if ((f.cs & 3) == 3) {
		if (unlikely(pv->user_l4 == INVALID_MFN_RAW)) {
			domain_crash(v->domain, "iret to user mode without a user page table");
			return 0;
		}
		mmu_toggle_mode(pv);
	}
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		pv->iopl = f.rflags >> 12 & 3;
	regs->rip = f.rip;
	regs->cs = (u16)f.cs | 3;
	regs->rflags = iret_rflags(f.rflags);
	regs->rsp = f.rsp;
	regs->ss = (u16)f.ss | 3;
	/* In a system call the two are what SYSRET leaves: nothing of the kernel's. */
	regs->r11 = f.flags & VGCF_in_syscall ? regs->rflags : f.r11;
	regs->rcx = f.flags & VGCF_in_syscall ? f.rip : f.rcx;
	v->info->evtchn_upcall_mask = !(f.rflags & X86_EFLAGS_IF);
	return f.rax;
}
