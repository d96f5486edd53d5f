/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of x86/irq.h: vectors, the interrupts that the hypervisor itself uses, what entry code
 * calls. */
#ifndef X86_INTERRUPT_H
#define X86_INTERRUPT_H

#include "lib/base.h"

void interrupt_init(void);		  /* boot, after apic and ioapic */
void interrupt_device(unsigned vector);	  /* a device vector arrived on this CPU */
unsigned interrupt_isa_gsi(unsigned isa); /* by ACPI's overrides */
/* Take an ISA interrupt for ourselves: guests cannot bind it. EBUSY, ENOSPC, EINVAL. */
must_check int interrupt_own_isa(unsigned isa, void (*fn)(void));

#endif
