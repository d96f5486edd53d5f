/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions in ring 0, IST traps and interrupts. A fault in ring 0 is one of four things: listed
 * in the exception table, the final IRET of a return to a guest (the guest's values:
 * upcall_exit_fault), a lazy LDT page (upcall_hv_fault), or our own bug.
 */
#include "x86/trap.h"
#include "lib/check.h"
#include "lib/string.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/desc.h"
#include "x86/interrupt.h"
#include "x86/machine.h"
#include "x86/percpu.h"
#include "x86/smp.h"
#include "x86/symbol.h"
#include "x86/upcalls.h"

struct extable_entry {
	s32 insn, fixup; /* relative to themselves */
};

extern const struct extable_entry extable_start[], extable_end[];
extern const char exit_iret_insn[], exit_ist_insn[];

static bool fix_up(struct regs *regs)
{
	for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
		if ((u64)&e->insn + (s64)e->insn == regs->rip) {
			regs->rip = (u64)&e->fixup + (s64)e->fixup;
			return true;
		}
	}
	return false;
}

/*
 * An IRET to ring 3 faulted. Its operand is where rsp pointed; the guest's other registers are in
 * the fault's own frame, which may overlap the place where they belong.
 */
static noreturn void exit_faulted(struct regs *fault)
{
	struct regs *guest = guest_regs();
	u64 iret_frame[5];

	memcpy(iret_frame, (void *)fault->rsp, sizeof(iret_frame));
	memmove(guest, fault, offsetof(struct regs, rip));
	memcpy(&guest->rip, iret_frame, sizeof(iret_frame));
	upcall_exit_fault(guest);
	machine_enter_guest();
}

void regs_print(const struct regs *r)
{
	upcall_log("vector %u error %x  rip %04lx:%016lx  rflags %08lx", r->vector, r->error_code,
		(unsigned long)r->cs & 0xffff, (unsigned long)r->rip, (unsigned long)r->rflags);
	upcall_log("rsp %04lx:%016lx  rbp %016lx  cr2 %016lx  cr3 %016lx",
		(unsigned long)r->ss & 0xffff, (unsigned long)r->rsp, (unsigned long)r->rbp,
		(unsigned long)read_cr2(), (unsigned long)read_cr3());
	upcall_log("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", (unsigned long)r->rax,
		(unsigned long)r->rbx, (unsigned long)r->rcx, (unsigned long)r->rdx);
	upcall_log("rsi %016lx  rdi %016lx  r8  %016lx  r9  %016lx", (unsigned long)r->rsi,
		(unsigned long)r->rdi, (unsigned long)r->r8, (unsigned long)r->r9);
	upcall_log("r10 %016lx  r11 %016lx  r12 %016lx  r13 %016lx", (unsigned long)r->r10,
		(unsigned long)r->r11, (unsigned long)r->r12, (unsigned long)r->r13);
	upcall_log("r14 %016lx  r15 %016lx", (unsigned long)r->r14, (unsigned long)r->r15);
}

static noreturn void own_fault(struct regs *regs)
{
	upcall_log("exception in the hypervisor on CPU %u", cpu_id());
	regs_print(regs);
	backtrace_from(regs->rip, regs->rbp);
	panic("exception %u (error code %x) in the hypervisor at %lx", regs->vector,
		regs->error_code, (unsigned long)regs->rip);
}

void trap_in_hypervisor(struct regs *regs)
{
	u64 cr2 = read_cr2();

	if (regs->vector == TRAP_PF && cr2 - cpu_ldt_window(cpu_id()) < LDT_PAGES * PAGE_SIZE &&
		upcall_hv_fault(regs, cr2))
		return;
	if (fix_up(regs))
		return;
	if (regs->rip == (u64)exit_iret_insn || regs->rip == (u64)exit_ist_insn)
		exit_faulted(regs);
	own_fault(regs);
}

/*
 * #DB. In ring 0 it is the guest's doing: a data breakpoint on memory that we touched for it,
 * single-step or a MovSS-delayed one over SYSCALL or SYSENTER. Nothing of it may stay armed in ring
 * 0; the guest loses that report. From ring 3 it moves to the main stack.
 */
struct regs *trap_debug(struct regs *regs)
{
	if (regs_from_guest(regs)) {
		*guest_regs() = *regs;
		return guest_regs();
	}
	regs->rflags &= ~(u64)X86_EFLAGS_TF;
	write_dr6(0xffff0ff0);
	return NULL;
}

void trap_ist(struct regs *regs)
{
	if (regs->vector == TRAP_NMI) {
		smp_nmi(regs);
		return;
	}
	if (regs->vector == TRAP_MC)
		panic("machine check on CPU %u", cpu_id());
	own_fault(regs);
}

void trap_interrupt(struct regs *regs)
{
	switch (regs->vector) {
	case VECTOR_TIMER:
		apic_eoi();
		apic_timer_fired();
		break;
	case VECTOR_KICK:
		apic_eoi();
		upcall_kick();
		break;
	case VECTOR_REQUEST:
		apic_eoi();
		smp_serve();
		break;
	case VECTOR_ERROR: apic_error(); break;
	case VECTOR_SPURIOUS: break;
	default: interrupt_device(regs->vector); break;
	}
}

/* ---- backtraces by frame pointers ---- */

static bool on_stack(u64 p)
{
	u64 here = (u64)&p & ~(u64)(STACK_SIZE - 1);

	return p >= here && p + 16 <= here + STACK_SIZE && !(p & 7);
}

static void print_call(const char *word, u64 pc)
{
	u64 offset;
	const char *name = symbol_find(pc, &offset);

	upcall_log("  %s %lx %s+%lx", word, (unsigned long)pc, name, (unsigned long)offset);
}

void backtrace_from(u64 rip, u64 rbp)
{
	print_call("at", rip);
	for (unsigned depth = 0; depth < 32 && on_stack(rbp); depth++) {
		const u64 *frame = (const u64 *)rbp;

		print_call("by", frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void machine_backtrace(void)
{
	backtrace_from((u64)__builtin_return_address(0), *(const u64 *)__builtin_frame_address(0));
}
