/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables: checking single descriptors, the guest's GDT frames and lazy LDT pages, the
 * CPU's windows (PV-ABI 13, 14). */
#ifndef PV_DESC_H
#define PV_DESC_H

#include "pv/pv.h"

bool desc_check(u64 *desc);	  /* fixes DPL; false = EINVAL */
bool desc_check_page(u64 *table); /* a whole page that becomes PT_DESC */
must_check int desc_set_gdt(
	struct vcpu *v, const u64 *frames, unsigned entries); /* frames: one per 512 entries */
void desc_drop_gdt(struct vcpu *v);
must_check int desc_set_ldt(struct vcpu *v, u64 base, u32 entries); /* MMUEXT_SET_LDT */
must_check int desc_update(struct domain *d, u64 machine_addr, u64 desc);
bool desc_ldt_fault(
	struct vcpu *v, u64 offset);	    /* map the page lazily; false: the guest's #GP/#PF */
bool desc_ldt_offset(u64 va, u64 *offset);  /* is va in this CPU's LDT window, and where */
void desc_load_windows(struct pv_vcpu *v);  /* before CR3 is loaded in a switch */
void desc_unload_windows(void);		    /* this CPU shows no guest's tables any more */
void desc_invalidate_ldt(struct domain *d); /* LDT pages that CPUs keep for d become free again */

#endif
