/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device's side of a message-signalled interrupt, for irq.c: where its address and data go, how
 * it is masked. Under irq.c's lock. */
#ifndef X86_MSI_H
#define X86_MSI_H

#include "x86/pci.h"

struct msi {
	struct pci_function function;
	u8 capability;	      /* offset in configuration space */
	bool x;		      /* MSI-X */
	u16 entry;	      /* of the MSI-X table, or number in a block of MSIs */
	volatile u32 *vector; /* MSI-X: the entry, mapped */
};

/* ENODEV: no such capability; EINVAL: no such entry or table; ENOMEM: no room to map it. table_base
 * 0: MSI. */
must_check int msi_open(struct msi *m, struct pci_function f, unsigned entry, u64 table_base);
void msi_close(struct msi *m);
void msi_program(const struct msi *m, u8 vector, u32 apic_id); /* address, data, enable; unmasked */
void msi_mask(const struct msi *m, bool masked);
void msi_disable(const struct msi *m);

#endif
