/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of guest page tables and of address spaces. All arguments are values; hc/ copied them in. Results: 0 or -errno, -ERESTART with progress stored by the caller's count. */
#ifndef PV_MMU_H
#define PV_MMU_H

#include "pv/pv.h"

/* One mmu_update request (PV-ABI 18). pt_owner owns the table, frame_owner the frames that the new entry may name. */
must_check int mmu_update_one(u64 ptr, u64 val, struct domain *pt_owner, struct domain *frame_owner);
must_check int mmu_update_va(u64 va, u64 val, u64 flags, struct domain *frame_owner); /* update_va_mapping; flags are UVMF_* */
struct mmuext_op;
must_check int mmuext_one(struct mmuext_op *op, struct domain *owner);
/* The guest wrote to a page table of its own: emulate one write (PV-ABI 17). true: done, retry after it. */
bool mmu_write_fault(struct regs *regs, u64 va);
/* Replace the guest's L4s: pages with types held; used by mmuext, context and the builder. */
must_check int mmu_set_kernel_l4(struct vcpu *v, mfn_t l4);
must_check int mmu_set_user_l4(struct vcpu *v, mfn_t l4);
void mmu_load_cr3(struct pv_vcpu *v); /* for the mode it is in */
void mmu_toggle_mode(struct pv_vcpu *v); /* kernel <-> user: CR3 and GS base */
/* Frame and flags that map va in the current address space; false when not present. For emulation and diagnosis. */
bool mmu_walk(struct vcpu *v, u64 va, mfn_t *frame, u64 *flags);
/* Grant mapping into a PTE given by machine address or by virtual address: GNTST_* */
int mmu_grant_map(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame);
int mmu_grant_unmap(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 new_addr);
/* Fill the 16 hypervisor slots of a new L4 */
void mmu_fill_hv_slots(u64 *l4);

#endif
