/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as core/ sees it, and all that it sees: CPUs, time, frames, TLBs, guest memory, the
 * console's wires. tests/host/fake_machine.c implements the same list, so core/ and most of pv/ run
 * on the host.
 *
 * The rule that everything rests on: interrupts are OFF in the hypervisor, except inside
 * machine_idle() and irq_window(). Callers of these two hold no lock; therefore interrupt handlers
 * may take any lock. A CPU that waits (for a lock, for another CPU's answer) calls cpu_relax(),
 * which serves the requests of other CPUs, so two waiters cannot block each other.
 */
#ifndef X86_MACHINE_H
#define X86_MACHINE_H

#include "lib/base.h"
#include "lib/cpumask.h"
#include "x86/irq.h" /* device interrupts are part of what core/ sees */

struct vcpu;
struct regs;

/* ---- CPUs ---- */

/* CPUs that run vcpus; numbers are dense from 0 at boot. */
extern struct cpumask cpu_online_map;
unsigned cpu_online_count(void);

/* This CPU's number, the vcpu that it runs (never NULL after boot), and the frame of the guest's
 * registers at its stack top. */
#include "machine_inline.h" /* cpu_id(), current_vcpu(), guest_regs(), tsc_read() */
void set_current_vcpu(struct vcpu *v);

void cpu_relax(void);	     /* pause, and serve requests from other CPUs */
void cpu_kick(unsigned cpu); /* make that CPU leave the guest (or its idle loop) and run its
				softirqs soon */
void irq_window(void);	     /* take what interrupts are pending; no lock may be held */
void machine_idle(void);     /* wait for an interrupt, with interrupts enabled only for the wait */
/* Run fn(arg) on each CPU of the mask, this one included, and wait until all did. fn takes no lock
 * and does not sleep. */
void cpu_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg);

/* ---- time: nanoseconds since boot, the same on every CPU ---- */

u64 time_now(void);
/* ns = ((tsc - tsc_base) shifted by shift) * mul >> 32, plus ns_base: as in vcpu_time_info (PV-ABI
 * 20). */
struct time_scale {
	u64 tsc_base;
	u64 ns_base;
	u32 mul;
	s8 shift;
	bool stable; /* the same on all CPUs and never changing */
};
void time_scale_get(struct time_scale *scale); /* of this CPU, now */
u64 time_cpu_khz(void);
/* Wall clock: seconds and nanoseconds UTC at system time 0 (boot); dom0 may set it. */
void time_wallclock_get(u64 *sec, u32 *nsec);
void time_wallclock_set(u64 sec, u32 nsec, u64 at_system_time);
/* Ask for upcall_timer() on this CPU at the given system time; TIMER_NONE: never. A time in the
 * past fires at once. */
#define TIMER_NONE (~0ull)
void timer_program(u64 deadline);

/* ---- frames ---- */

/* Also there (machine_inline.h): void *frame_map(mfn_t m), the direct map address of a RAM frame;
 * mfn_t frame_of(p), back. */
void page_clear(void *page);
void page_copy(void *to, const void *from);

/*
 * Boot: map count frames from first on at va in the hypervisor's part (FRAMETABLE_START, M2P_*), by
 * 2 MiB where both are aligned. Panics when out of tables. MAP_GUEST_READ: readable by guests.
 */
#define MAP_WRITE      1
#define MAP_GUEST_READ 2
void machine_map(u64 va, mfn_t first, u64 count, unsigned flags);

/* Forget translations of guest addresses on these CPUs (this one too, if it is in the mask) and
 * wait until it is done. */
void tlb_flush(const struct cpumask *mask);
void tlb_flush_va(const struct cpumask *mask, u64 va);
void tlb_flush_va_local(u64 va); /* on this CPU alone */
/* A clock of full flushes: a page that left its use at stamp is safe once every CPU in the mask
 * flushed later. */
u32 tlb_stamp_now(void);
void tlb_flush_since(
	const struct cpumask *mask, u32 stamp); /* flush only CPUs that did not since stamp */

/*
 * Guest memory through the current page table. Return the bytes NOT copied (0 = all). Addresses in
 * the hypervisor's range or non-canonical ones copy nothing. Only lib-like wrappers (hc/guest.h,
 * pv/) call these.
 */
/* The bytes from va on, one at least, are not in the hypervisor's slots and canonical from end to
 * end, also where the range would wrap. The copies check it themselves. */
static inline bool guest_range_ok(u64 va, u64 bytes)
{
	u64 last = va + bytes - 1;

	return last >= va && (last < BIT(47) || va >= HV_VIRT_END);
}
must_check u64 guest_copy_in(void *to, u64 va, u64 bytes);
must_check u64 guest_copy_out(u64 va, const void *from, u64 bytes);
must_check u64 guest_clear(u64 va, u64 bytes);

/* ---- vcpu switch: both abandon the current C stack ---- */

noreturn void machine_enter_guest(void); /* exit work, then into the frame at the stack top */
noreturn void machine_enter_loop(
	void (*loop)(void)); /* run loop() on a fresh stack (the idle loop) */

/* ---- wires and ends ---- */

void console_hw_write(const char *text, size_t bytes); /* polled, safe in any context */
noreturn void machine_reboot(void);
noreturn void machine_halt(void); /* this CPU and all others, for good */
noreturn void machine_poweroff(void);
void machine_backtrace(void);	/* print the calls that led here */
void machine_stop_others(void); /* for a crash: NMI all other CPUs into a stop */

#endif
