/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only calls from x86/ upwards. Each says who implements it and in which context it runs.
 * Interrupts are off in all of them.
 */
#ifndef X86_UPCALLS_H
#define X86_UPCALLS_H

#include "x86/regs.h"

struct boot_info;

noreturn void upcall_main(struct boot_info
		*boot); /* main.c: the boot CPU, paging and traps set up, one after head.S */
noreturn void upcall_cpu_main(void);	   /* main.c: a secondary CPU, its stack and traps set up */
void upcall_guest_trap(struct regs *regs); /* pv/trap.c: exception in ring 3; #NM, #DB included */
void upcall_guest_syscall(
	struct regs *regs); /* pv/trap.c: SYSCALL or SYSENTER in ring 3 (regs->vector tells) */
void upcall_exit(
	struct regs *regs); /* core/softirq.c: before every return to ring 3; may switch vcpu */
void upcall_exit_fault(struct regs *regs); /* pv/trap.c: the final iret faulted on the guest's
					      values: failsafe callback */
void upcall_nmi(u8 port61); /* pv/nmi.c: an NMI, with what port 0x61 says; any lock may be held */
void upcall_timer(void);    /* core/timer.c: the time asked with timer_program has come */
void upcall_kick(void);	    /* core/softirq.c: another CPU asked for attention */
void upcall_irq(unsigned irq); /* core/event_pirq.c: a device interrupt that a guest is bound to */
void upcall_console_input(char c); /* core/console.c: a byte came in on the serial line */
void upcall_log(const char *fmt, ...)
	printf_like(1, 2); /* main.c: a line of the hypervisor's log, any context */
bool upcall_hv_fault(struct regs *regs,
	u64 cr2); /* pv/desc.c: #PF in ring 0 on the LDT window: true = mapped, retry */

#endif
