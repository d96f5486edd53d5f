/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device interrupts by number: 0 .. irq_gsi_count()-1 are the IO-APICs' lines (GSIs), the numbers
 * above are message-signalled ones, made by msi_map. A bound interrupt arrives as upcall_irq(irq)
 * on the CPU it is routed to; a level-triggered line stays masked until irq_eoi().
 */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include "lib/base.h"

#define NR_IRQS 1024

unsigned irq_gsi_count(void);
/* Level/edge and polarity of a GSI, from ACPI's overrides or dom0's PHYSDEVOP_setup_gsi. EINVAL,
 * EBUSY when bound differently. */
must_check int irq_setup_gsi(unsigned gsi, bool level, bool active_low);
must_check int irq_bind(unsigned irq); /* route it to a vector and unmask; EINVAL, EBUSY, ENOSPC */
void irq_unbind(unsigned irq);
bool irq_needs_eoi(unsigned irq);
void irq_eoi(unsigned irq);
void irq_set_affinity(unsigned irq, unsigned cpu);

/*
 * Make an interrupt of a PCI function's MSI (table_base 0) or MSI-X entry (table_base: physical
 * address of the BAR that holds the table). The address and data are written to the device when the
 * interrupt is bound. Returns the irq number or a negative errno (ENODEV no such capability,
 * EINVAL, ENOSPC, EBUSY).
 */
must_check int msi_map(unsigned segment, unsigned bus, unsigned devfn, unsigned entry,
	u64 table_base, unsigned count);
void msi_unmap(unsigned irq);
/* PHYSDEVOP_prepare_msix / release_msix: remember that dom0 is about to use the function's MSI-X
 * table. */
must_check int msix_prepare(unsigned segment, unsigned bus, unsigned devfn, bool release);
/* A register of an IO-APIC as the control domain asks for it (PHYSDEVOP_apic_read): EINVAL when
 * there is none. */
must_check int ioapic_guest_read(u64 physbase, u32 reg, u32 *value);

#endif
