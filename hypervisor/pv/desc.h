/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables: checking single descriptors, the guest's GDT frames and lazy LDT pages, the CPU's windows (PV-ABI 13, 14). */
#ifndef PV_DESC_H
#define PV_DESC_H

#include "pv/pv.h"

bool desc_check(u64 *desc);                                       /* fixes DPL; false = EINVAL */
must_check int desc_set_gdt(struct vcpu *v, const u64 *frames, unsigned entries);
void desc_drop_gdt(struct vcpu *v);
must_check int desc_set_ldt(struct vcpu *v, u64 base, u32 entries); /* MMUEXT_SET_LDT */
must_check int desc_update(struct domain *d, u64 machine_addr, u64 desc);
bool desc_ldt_fault(struct vcpu *v, u64 offset);                  /* map the page lazily; false: the guest's #GP/#PF */
void desc_load_windows(struct pv_vcpu *v);                        /* before CR3 is loaded in a switch */
void desc_invalidate_ldt(struct domain *d);

#endif
