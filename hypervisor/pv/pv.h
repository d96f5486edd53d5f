/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PV kind of domain and vcpu: the common structs come first, what 64-bit PV adds follows. One
 * header a noun declares the functions (pagetype.h, mmu.h, desc.h, bounce.h, ...); this one has the
 * structs they share.
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

/* One table of a walk of pagetype.c: entries below `next` hold references. */
struct pt_frame {
	struct page *page;
	u16 next;
	u8 level;
	bool drop; /* giving references back, downwards from next; else taking them, upwards */
};

/* The walk that validates or drops the higher levels of a domain's page tables: at most one at a
 * time, see pagetype.c. */
struct pt_walk {
	u32 state; /* atomic: enum in pagetype.c. Fields below: who has it RUNNING */
	u32 depth; /* frames in use */
	struct page *root;
	int result;	/* why the root is being dropped again */
	bool promoting; /* the root is to become valid */
	bool root_ref;	/* it was parked: we hold a page reference on the root */
	u8 held_at;	/* oldest of held[] */
	struct pt_frame frame[4];
	struct page *held[4]; /* atomic: promoted while parked; page and type references wait for
				 the caller to come again */
	struct page *failed;  /* failed while parked: the answer for its caller */
};

struct cpuid_limits;

/* tsc.c */
struct pv_tsc {
	bool emulated;
	u8 mode; /* as it was set */
	s8 shift;
	u32 mul; /* with shift: its ticks to ns */
	u32 khz; /* 0: nothing was set */
	u32 incarnation;
	u64 start;    /* system time of its 0; negative as s64: before the host's start */
	u64 per_ns32; /* ticks a ns, 32.32 */
};

struct pv_domain {
	struct domain common;

	struct cpumask dirty_cpus; /* CPUs that may hold its translations; atomic */
	struct pt_walk walk;
	struct pv_tsc tsc;
	struct cpuid_limits *cpuid; /* what the control domain set, NULL: nothing; cpuid_limit.c */
	struct page
		*relinquish_at; /* domain_kill only: cursor in the page list, holds a reference */
};

struct pv_vcpu {
	struct vcpu common;

	struct trap_info traps[256]; /* PV-ABI 9, 10 */
	struct pv_callback event, failsafe, syscall, syscall32, sysenter;

	/* page tables: frame numbers, INVALID_MFN_RAW = none; each holds a page and an L4 type
	 * reference */
	u64 kernel_l4, user_l4;
	u64 cr3; /* physical address that runs: one of the two */

	/* stack_switch */
	u64 kernel_ss, kernel_sp;

	u64 iobmp; /* PHYSDEVOP_set_iobitmap: guest virtual address of user mode's port bitmap */
	u32 iobmp_limit; /* number of ports in it */

	/* modes and control registers as the guest believes them */
	bool kernel_mode;
	bool user_clean; /* the CPU holds no translations of user_l4's pages */
	u64 cr0, cr4;	 /* guest-visible bits */
	u8 iopl;
	u64 dr[8]; /* 0-3, 6, 7; set_debugreg */

	/* segments: selectors and bases while it does not run (and gs_kernel/gs_user while it does:
	 * only the inactive one) */
	u16 ds, es, fs, gs;
	u64 fs_base, gs_base_kernel, gs_base_user;

	/* descriptors */
	u64 gdt_frames[14];
	u32 gdt_entries;
	u64 ldt_base;
	u32 ldt_entries;

	/* a trap to deliver on the way out */
	struct {
		bool pending;
		u8 vector;
		u8 flags;
		u32 error_code;
		u64 cr2;
	} trap;
	u32 context_busy; /* atomic: somebody is in pv_context_set */
	bool nmi_pending;
	bool failsafe_pending; /* a selector in ds..gs could not be loaded */

	void *xsave; /* xstate_size() bytes, 64-byte aligned */
	u64 xcr0;
	u32 tsc_aux;
	bool ts; /* the guest's CR0.TS (PV-ABI 24) */

	bool time_area_stale; /* time to be written again though the scale is the same */
	u32 loaded_cpu;	      /* CPU whose registers and TLB hold its state; NR_CPUS: none */
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

static inline bool is_canonical(u64 a)
{
	return (u64)((s64)(a << 16) >> 16) == a;
}

/* A guest may name it: canonical and outside the hypervisor's part. */
static inline bool guest_address_ok(u64 a)
{
	return is_canonical(a) && (a < HV_VIRT_START || a >= HV_VIRT_END);
}

#endif
