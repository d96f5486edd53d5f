/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way out of the hypervisor: upcall_exit runs softirqs and then the guest kind's exit work
 * until neither is left to do. Interrupts are off, so nothing local comes in between; what another
 * CPU raises comes with a kick, an interrupt that is taken right after the return to the guest and
 * leads here again. Nothing is lost.
 */
#include "core/softirq.h"
#include "core/vcpu.h"
#include "x86/upcalls.h"

struct aligned(64) softirq_bits
{
	u32 pending; /* atomic */
};

static struct softirq_bits bits[NR_CPUS];
static void (*handlers[SOFTIRQ_COUNT])(void);

void softirq_register(enum softirq kind, void (*fn)(void))
{
	handlers[kind] = fn;
}

void softirq_raise(unsigned cpu, enum softirq kind)
{
	u32 bit = (u32)BIT(kind);

	/* always the locked form: it orders what the caller wrote before the handler that clears
	 * the bit */
	if (!(atomic_or(&bits[cpu].pending, bit) & bit) && cpu != cpu_id())
		cpu_kick(cpu);
}

bool softirq_pending(void)
{
	return READ_ONCE(bits[cpu_id()].pending);
}

unsigned softirq_pending_on(unsigned cpu)
{
	return READ_ONCE(bits[cpu].pending);
}

void softirq_run(void)
{
	u32 *pending = &bits[cpu_id()].pending;

	for (;;) {
		u32 now = READ_ONCE(*pending);
		unsigned kind;

		if (!now)
			return;
		/* the switch comes last: it may not return */
		kind = (unsigned)__builtin_ctz(
			now & ~BIT(SOFTIRQ_SCHEDULE) ? now & ~(u32)BIT(SOFTIRQ_SCHEDULE) : now);
		atomic_and(pending, ~(u32)BIT(kind));
		if (handlers[kind])
			handlers[kind]();
	}
}

bool should_yield(void)
{
	irq_window();
	return softirq_pending();
}

void upcall_exit(struct regs *regs)
{
	const u32 *pending = &bits[cpu_id()].pending; /* a switch does not come back here */

	do {
		struct vcpu *v;

		if (unlikely(READ_ONCE(*pending)))
			softirq_run();
		v = current_vcpu();
		v->domain->ops->exit_work(v, regs);
	} while (unlikely(READ_ONCE(*pending)));
}

void upcall_kick(void)
{
	/* being here is the point: the way out runs what was raised */
}
