/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU as a guest sees it, for pv/ (and later svm/): address space, segments, debug and control
 * registers, MSRs, ports. With x86/desc.h (windows) and x86/xstate.h all that pv/ needs of the
 * processor beside machine.h; host tests implement the same list. All act on the calling CPU. None
 * faults: what may fail says so.
 */
#ifndef X86_GUEST_CPU_H
#define X86_GUEST_CPU_H

#include "lib/base.h"
#include "guest_cpu_inline.h"

/* ---- address space ---- */

u64 hv_cr3(void);	       /* the hypervisor's own L4: what a CPU runs on that has no guest */
u64 hv_l4_slot(unsigned slot); /* the entry of L4 slot HV_FIRST_SLOT + slot, the same in every L4 */
/* Load CR3 and forget every translation, global ones too; counts as a flush for tlb_flush_since. */
void cr3_switch(u64 cr3);
/* cr3_toggle(cr3), in guest_cpu_inline.h: load CR3 between one vcpu's kernel and user table: global
 * (user) translations stay; does not count as a flush. */
u64 cr2_read(void);

/* ---- segments ---- */

enum guest_segment { SEG_DS, SEG_ES, SEG_FS, SEG_GS };
bool segment_load(
	enum guest_segment which, u16 selector); /* false: it faulted, a null selector was loaded.
						    Bases: load first, base after. */
u16 segment_read(enum guest_segment which);
bool segment_is_long(u16 selector); /* its descriptor, as it is now, is one of 64-bit code */
u64 fs_base_read(void);
void fs_base_write(u64 base); /* canonical */
/* The active GS base, and the other mode's, which waits in KERNEL_GS_BASE. gs_swap(),
 * in guest_cpu_inline.h, exchanges the two (SWAPGS). */
u64 gs_base_read(void);
void gs_base_write(u64 base);
u64 gs_other_read(void);
void gs_other_write(u64 base);

/* ---- control, debug, model-specific registers ---- */

u64 cr0_read(void);
void cr0_ts_set(bool set);
void cr4_guest_set(
	u64 guest_bits);  /* our CR4 plus those of cr4_guest_mask() that the guest wants */
u64 cr4_guest_mask(void); /* the bits that a guest may own and the CPU has: TSD, DE, FSGSBASE */
void dr_write(unsigned reg, u64 value); /* 0-3, 6, 7; addresses are not in the hypervisor's part */
u64 dr_read(unsigned reg);
bool msr_read(u32 msr, u64 *value);
bool msr_write(u32 msr, u64 value);
void cpuid_host(u32 leaf, u32 subleaf, u32 out[4]); /* eax ebx ecx edx of this CPU */
unsigned cpu_phys_bits(void);			    /* MAXPHYADDR */
u32 port_in(u16 port, unsigned bytes);		    /* 1, 2, 4 */
void port_out(u16 port, unsigned bytes, u32 value);
void cache_flush(void); /* WBINVD */

#endif
