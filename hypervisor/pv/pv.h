/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PV kind of domain and vcpu: the common structs come first, what 64-bit PV adds follows. One header a noun declares the functions (pagetype.h,
 * mmu.h, desc.h, bounce.h, ...); this one has the structs they share.
 */
#ifndef PV_PV_H
#define PV_PV_H

#include <xen/callback.h>

#include "core/domain.h"
#include "core/vcpu.h"

struct pv_callback {
	u64 address; /* 0: none */
	u32 flags;   /* CALLBACKF_* */
};

struct pv_domain {
	struct domain common;

	struct cpumask dirty_cpus; /* CPUs that may hold its translations; atomic */
};

struct pv_vcpu {
	struct vcpu common;

	struct trap_info traps[256];      /* PV-ABI 9, 10 */
	struct pv_callback event, failsafe, syscall, syscall32, sysenter, nmi;

	/* page tables: frame numbers, INVALID_MFN_RAW = none; each holds a page and an L4 type reference */
	u64 kernel_l4, user_l4;
	u64 cr3;                          /* physical address that runs: one of the two */

	/* stack_switch */
	u64 kernel_ss, kernel_sp;

	/* modes and control registers as the guest believes them */
	bool kernel_mode;
	u64 cr0, cr4;                     /* guest-visible bits */
	u8 iopl;
	u64 dr[8];                        /* 0-3, 6, 7; set_debugreg */

	/* segments: selectors and bases while it does not run (and gs_kernel/gs_user while it does: only the inactive one) */
	u16 ds, es, fs, gs;
	u64 fs_base, gs_base_kernel, gs_base_user;

	/* descriptors */
	u64 gdt_frames[14];
	u32 gdt_entries;
	u64 ldt_base;
	u32 ldt_entries;
	u16 ldt_mapped;                   /* pages of the window that hold a frame: bit mask, own CPU only */

	/* a trap to deliver on the way out */
	struct {
		bool pending;
		u8 vector;
		u8 flags;
		u32 error_code;
		u64 cr2;
	} trap;
	bool nmi_pending;

	void *xsave;                      /* xstate_size() bytes, 64-byte aligned */
	u64 xcr0;
	bool ts;                          /* the guest's CR0.TS (PV-ABI 24) */

	struct vcpu_time_info *time_area; /* cached */
	u32 pending_op_stage;
};

static inline struct pv_domain *pv_of(struct domain *d)
{
	return container_of(d, struct pv_domain, common);
}

static inline struct pv_vcpu *pv_vcpu_of(struct vcpu *v)
{
	return container_of(v, struct pv_vcpu, common);
}

extern const struct domain_ops pv_ops;

#endif
