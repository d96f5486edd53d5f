/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of guest page tables and of address spaces. All arguments are values; hc/ copied them in.
 * Results: 0 or -errno, -ERESTART with progress stored by the caller's count. */
#ifndef PV_MMU_H
#define PV_MMU_H

#include "pv/pagetype.h"

/* One mmu_update request (PV-ABI 18). pt_owner owns the table, frame_owner the frames that the new
 * entry may name. */
must_check int mmu_update_one(
	u64 ptr, u64 val, struct domain *pt_owner, struct domain *frame_owner);
must_check int mmu_update_va(u64 va, u64 val, u64 flags,
	struct domain *frame_owner); /* update_va_mapping; flags are UVMF_* */
struct mmuext_op;
must_check int mmuext_one(struct mmuext_op *op, struct domain *owner);
/* The guest wrote to a page table of its own: emulate one write (PV-ABI 17). true: done, retry
 * after it. */
bool mmu_write_fault(struct regs *regs, u64 va);
/*
 * Replace one of the guest's L4s: takes references of its own on the new one (0 or INVALID_MFN_RAW:
 * none), gives those on the old one back, loads CR3 when v is the current vcpu. EINVAL, ERESTART.
 */
must_check int mmu_set_kernel_l4(struct vcpu *v, mfn_t l4);
must_check int mmu_set_user_l4(struct vcpu *v, mfn_t l4);
void mmu_load_cr3(struct pv_vcpu *v);	 /* for the mode it is in */
void mmu_unload_cr3(void);		 /* this CPU: onto the hypervisor's own table */
void mmu_toggle_mode(struct pv_vcpu *v); /* kernel <-> user: CR3 and GS base */
/* An L4 is about to lose its contents: CPUs that still have it in CR3 (idle ones) leave it. */
void mmu_evict_l4(mfn_t l4);
/* Frame and flags that map va in the current address space; false when not present. For emulation
 * and diagnosis. */
bool mmu_walk(struct vcpu *v, u64 va, mfn_t *frame, u64 *flags);
bool mmu_walk_kernel(struct vcpu *v, u64 va, mfn_t *frame,
	u64 *flags); /* the same in the kernel's space, whatever mode it is in */
/* The L1 entry of va: its table with a page and a type reference (give both back with mmu_l1_put),
 * or NULL. */
struct page *mmu_l1_get(struct vcpu *v, u64 va, u64 **entry);
/* The same for a frame, when it is an L1 of d's now. */
struct page *mmu_l1_hold(struct domain *d, mfn_t m);
static inline void mmu_l1_put(struct page *l1)
{
	pagetype_page_put(l1);
}

/*
 * Write one entry of an L1 that the caller holds. old: what must be there, or NULL for whatever is;
 * keep_ad: its A and D stay. EAGAIN when it differs; else as pte_get_l1. */
must_check int mmu_l1_write(u64 *entry, u64 new, const u64 *old, bool keep_ad, struct domain *d,
	struct domain *frame_owner);
/* The CPUs that may hold translations of these vcpus: a bitmap by vcpu number, or of all. */
void mmu_vcpu_cpus(struct domain *d, const u64 *vcpu_bitmap, struct cpumask *cpus);
/* Grant mapping into a PTE given by machine address or by virtual address: GNTST_*; a slot is a
 * PTE's machine address */
int mmu_grant_map(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 *slot);
int mmu_grant_unmap(
	struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 new_addr, u64 slot);
/* Fill the 16 hypervisor slots of a new L4 of d's */
void mmu_fill_hv_slots(u64 *l4, const struct domain *d);

#endif
