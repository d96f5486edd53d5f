/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB flushes. Flushing elsewhere: take a ticket from the CPU's `asked`, send it an interrupt, wait
 * until its `done` has reached the ticket; a CPU that waits serves others meanwhile (cpu_relax), so
 * nobody blocks anybody. A flush that a CPU makes counts for every ticket taken before it began.
 *
 * The stamp clock: each full flush raises the clock and then flushes, leaving the new value in its
 * `flushed`. A page stamped S is safe on a CPU whose flushed is later than S. Stamps have 32 bits
 * and wrap, so before one is looked at all CPUs flush when the clock has entered another epoch of
 * 2^30 since: `flushed` of each is of this epoch or just before it, however many flushes a guest
 * caused (by loading CR3, say) while another CPU was idle.
 */
#include "lib/atomic.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/machine.h"
#include "x86/smp.h"
#include "x86/trap.h"

#define EPOCH_SHIFT 30

static u64 tlb_clock = 1, epoch_seen; /* atomic */
static struct {
	u32 asked;   /* atomic: tickets given out */
	u32 done;    /* own CPU writes: tickets served */
	u32 flushed; /* own CPU writes: clock at its last full flush */
} aligned(64) cpus[NR_CPUS];

static void flush_local(unsigned cpu)
{
	u32 now = (u32)atomic_inc(&tlb_clock);
	u64 cr4 = read_cr4();

	write_cr4(cr4 & ~CR4_PGE); /* global entries go too: guests' user pages have them */
	write_cr4(cr4);
	WRITE_ONCE(cpus[cpu].flushed, now);
}

void tlb_flush_local(void)
{
	flush_local(cpu_id());
}

bool tlb_asked(unsigned cpu)
{
	return READ_ONCE(cpus[cpu].asked) != READ_ONCE(cpus[cpu].done);
}

void tlb_serve(unsigned cpu)
{
	u32 asked = atomic_load_acquire(&cpus[cpu].asked);

	if (asked == cpus[cpu].done)
		return;
	flush_local(cpu);
	atomic_store_release(&cpus[cpu].done, asked);
}

/* Ask one CPU; the ticket to wait for. */
static u32 ask(unsigned cpu)
{
	u32 ticket = atomic_inc(&cpus[cpu].asked);

	apic_send(cpu, VECTOR_REQUEST);
	return ticket;
}

static void wait_for(unsigned cpu, u32 ticket)
{
	while ((s32)(atomic_load_acquire(&cpus[cpu].done) - ticket) < 0)
		cpu_relax();
}

/* Flush on each other CPU of the mask that `since` (NULL: all) does not excuse. */
static void flush_others(const struct cpumask *mask, const u32 *since)
{
	unsigned self = cpu_id(), cpu;
	struct cpumask waiting;

	if (cpumask_only(mask, self))
		return;
	waiting = (struct cpumask){ 0 };
	for_each_cpu (cpu, mask) {
		if (cpu == self || !cpumask_test(&cpu_online_map, cpu))
			continue;
		if (since && (s32)(READ_ONCE(cpus[cpu].flushed) - *since) > 0)
			continue;
		ask(cpu);
		waiting.bits[cpu / 64] |= BIT(cpu % 64);
	}
	for_each_cpu (cpu, &waiting)
		wait_for(cpu, READ_ONCE(cpus[cpu].asked));
}

/* Before stamps are compared. Seen only when all have flushed: who comes meanwhile does it too. */
static void epoch_check(void)
{
	u64 epoch = READ_ONCE(tlb_clock) >> EPOCH_SHIFT;

	if (likely(READ_ONCE(epoch_seen) == epoch))
		return;
	flush_others(&cpu_online_map, NULL);
	flush_local(cpu_id());
	atomic_store_release(&epoch_seen, epoch);
}

void tlb_flush(const struct cpumask *mask)
{
	unsigned self = cpu_id();

	flush_others(mask, NULL);
	if (cpumask_test(mask, self))
		flush_local(self);
}

void tlb_flush_va_local(u64 va)
{
	if (canonical(va))
		invlpg(va);
}

void tlb_flush_va(const struct cpumask *mask, u64 va)
{
	flush_others(mask, NULL);
	if (cpumask_test(mask, cpu_id()))
		tlb_flush_va_local(va);
}

u32 tlb_stamp_now(void)
{
	return (u32)atomic_read(&tlb_clock);
}

void tlb_flush_since(const struct cpumask *mask, u32 stamp)
{
	unsigned self = cpu_id();

	epoch_check();
	flush_others(mask, &stamp);
	if (cpumask_test(mask, self) && (s32)(cpus[self].flushed - stamp) <= 0)
		flush_local(self);
}
