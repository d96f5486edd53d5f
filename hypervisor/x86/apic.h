/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC, xAPIC or x2APIC: interrupts between CPUs, end of interrupt, the CPU's timer. */
#ifndef X86_APIC_H
#define X86_APIC_H

#include "lib/base.h"

void apic_init(void);	  /* boot CPU: find it, choose the mode, mask the 8259s */
void apic_cpu_init(void); /* every CPU */
u32 apic_id(void);	  /* of this CPU */
u32 apic_id_of(unsigned cpu);
void apic_id_set(unsigned cpu, u32 id);
void apic_eoi(void);
void apic_error(void);
void apic_send(unsigned cpu, u8 vector);
void apic_send_nmi(unsigned cpu);
void apic_send_self(u8 vector);	       /* also in an NMI that came inside apic_send */
void apic_start_cpu(u32 id, u64 page); /* INIT and start-up IPIs */
void apic_disable(void);	       /* before halt or reset */
void apic_timer_calibrate(void);       /* boot CPU, time_now works */
void apic_timer_set(u64 ns);	       /* one shot in ns; 0: as soon as can be */
void apic_timer_stop(void);
void apic_timer_fired(void);

#endif
