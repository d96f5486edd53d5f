/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs: starting them, requests between them (TLB flush, cpu_call), stopping them. */
#ifndef X86_SMP_H
#define X86_SMP_H

#include "x86/machine.h"

struct regs;

void smp_boot_cpu(void);	  /* boot: CPU 0 is online */
void smp_start_all(void);	  /* start the CPUs that ACPI names, up to the maxcpus option */
noreturn void smp_ap_start(void); /* trampoline.S: a secondary CPU, on its own stack */
void smp_serve(void);		  /* do what other CPUs asked of this one */
void smp_nmi(struct regs *regs);
u8 nmi_reasons(void); /* port 0x61; what is up is cleared and masked */
u32 cpu_acpi_id(unsigned cpu);
u32 cpu_apic_id(unsigned cpu);

void tlb_flush_local(void); /* everything of this CPU, global entries too */
/* tlb.c, for smp_serve: */
void tlb_serve(unsigned cpu);
bool tlb_asked(unsigned cpu);

#endif
