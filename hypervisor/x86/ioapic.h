/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IO-APICs' redirection entries by GSI. All calls under irq.c's lock, or at boot. */
#ifndef X86_IOAPIC_H
#define X86_IOAPIC_H

#include "lib/base.h"

void ioapic_init(void);		 /* boot: find them, mask every line */
unsigned ioapic_gsi_count(void); /* 1 + highest GSI */
bool ioapic_has_gsi(unsigned gsi);
void ioapic_route(unsigned gsi, u8 vector, u32 apic_id, bool level, bool active_low, bool masked);
void ioapic_mask(unsigned gsi, bool masked);
void ioapic_mask_all(void); /* before a reset or halt */

/* A register of the IO-APIC at that address, as ioapic_guest_read; irq.c's lock held. EINVAL */
must_check int ioapic_read(u64 physbase, u32 reg, u32 *value);

#endif
