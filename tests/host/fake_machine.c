/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86/machine.h and x86/irq.h for host tests. A switch of vcpus abandons the C stack: here by
 * longjmp to fake_run. Waiting (cpu_relax) runs the other CPUs; a wait that nothing ends fails the
 * test instead of hanging.
 */
#include "fake_machine.h"

#include <string.h>
#include <sys/mman.h>

#include "core/console.h"
#include "core/page.h"
#include "core/sched.h"
#include "core/softirq.h"
#include "core/trace.h"
#include "lib/cmdline.h"
#include "x86/irq.h"
#include "x86/upcalls.h"

#define TABLE_BYTES (FAKE_FRAMES < 65536 ? 2ul << 20 : FAKE_FRAMES * sizeof(struct page))

static u8 ram[FAKE_FRAMES * PAGE_SIZE] aligned(4096);
static u8 table[TABLE_BYTES] aligned(4096);
struct page *const frame_table_fake = (struct page *)table;

unsigned fake_cpu;
struct vcpu *fake_current[FAKE_CPUS];
struct regs fake_regs[FAKE_CPUS];
struct cpumask cpu_online_map;
u64 fake_time = 1000000;
unsigned fake_kicks[FAKE_CPUS], fake_flushes, fake_fail_irq_bind;
char fake_console[65536];
size_t fake_console_length;
bool fake_irq_bound[1024], fake_irq_level[1024];
unsigned fake_irq_eois[1024];

static u64 deadline[FAKE_CPUS];
static jmp_buf *landing[FAKE_CPUS];
static bool in_run[FAKE_CPUS];
static unsigned relaxed, cpus;

unsigned cpu_online_count(void)
{
	return cpus;
}

void set_current_vcpu(struct vcpu *v)
{
	fake_current[fake_cpu] = v;
}

void cpu_kick(unsigned cpu)
{
	fake_kicks[cpu]++;
}

void (*fake_relax)(void), (*fake_in_flush)(void);

void cpu_relax(void)
{
	unsigned self = fake_cpu;
	void (*hook)(void) = fake_relax;

	fake_relax = NULL;
	if (hook) {
		hook();
		return;
	}
	assert_true(++relaxed < 100000);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		if (cpu != self && !in_run[cpu] && softirq_pending_on(cpu))
			fake_run(cpu);
	fake_cpu = self;
}

void irq_window(void)
{
}

void machine_idle(void)
{
	longjmp(*landing[fake_cpu], 3);
}

void cpu_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg)
{
	unsigned self = fake_cpu;

	for_each_cpu (fake_cpu, mask)
		fn(arg);
	fake_cpu = self;
}

u64 time_now(void)
{
	return fake_time;
}

u64 tsc_read(void)
{
	static u64 tick;

	return fake_time + ++tick % 1000;
}

void timer_program(u64 at)
{
	deadline[fake_cpu] = at;
}

void *frame_map(mfn_t m)
{
	assert_true(m.n < FAKE_FRAMES);
	return ram + m.n * PAGE_SIZE;
}

mfn_t frame_of(const void *p)
{
	assert_true((const u8 *)p >= ram && (const u8 *)p < ram + sizeof(ram));
	return mfn((u64)((const u8 *)p - ram) / PAGE_SIZE);
}

void page_clear(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

void machine_map(u64 va, mfn_t first, u64 count, unsigned flags)
{
	assert_true(va >= (u64)table && va + count * PAGE_SIZE <= (u64)table + sizeof(table));
}

void tlb_flush(const struct cpumask *mask)
{
	fake_flushes++;
}

u32 tlb_stamp_now(void)
{
	return (u32)fake_flushes;
}

void tlb_flush_since(const struct cpumask *mask, u32 stamp)
{
	fake_flushes++;
	if (fake_in_flush)
		fake_in_flush();
}

u64 guest_copy_in(void *to, u64 va, u64 bytes)
{
	memcpy(to, (void *)va, bytes);
	return 0;
}

u64 guest_copy_out(u64 va, const void *from, u64 bytes)
{
	memcpy((void *)va, from, bytes);
	return 0;
}

noreturn void machine_enter_guest(void)
{
	longjmp(*landing[fake_cpu], 1);
}

noreturn void machine_enter_loop(void (*fn)(void))
{
	longjmp(*landing[fake_cpu], 2);
}

void console_hw_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes && fake_console_length + 1 < sizeof(fake_console); i++)
		fake_console[fake_console_length++] = text[i];
}

noreturn static void machine_ended(const char *how)
{
	fprintf(stderr, "%.*s\nthe machine %s\n", (int)fake_console_length, fake_console, how);
	abort();
}

noreturn void machine_reboot(void)
{
	machine_ended("rebooted");
}

noreturn void machine_halt(void)
{
	machine_ended("halted");
}

noreturn void machine_poweroff(void)
{
	machine_ended("powered off");
}

void machine_backtrace(void)
{
}

void machine_stop_others(void)
{
}

/* ---- interrupts ---- */

int irq_bind(unsigned irq)
{
	if (fake_fail_irq_bind) {
		fake_fail_irq_bind--;
		return -ENOSPC;
	}
	assert_false(fake_irq_bound[irq]);
	fake_irq_bound[irq] = true;
	return 0;
}

void irq_unbind(unsigned irq)
{
	assert_true(fake_irq_bound[irq]);
	fake_irq_bound[irq] = false;
}

bool irq_needs_eoi(unsigned irq)
{
	return fake_irq_level[irq];
}

void irq_eoi(unsigned irq)
{
	fake_irq_eois[irq]++;
}

void irq_set_affinity(unsigned irq, unsigned cpu)
{
}

/* ---- running CPUs ---- */

void fake_run(unsigned cpu)
{
	unsigned self = fake_cpu;
	jmp_buf here, *outer = landing[cpu];
	volatile unsigned rounds = 0;

	if (!fake_current[cpu] || in_run[cpu])
		return;
	in_run[cpu] = true;
	landing[cpu] = &here;
	fake_cpu = cpu;
	switch (setjmp(here)) {
	case 3: /* idle: nothing to do */ break;
	default: /* start, entered the guest, entered the idle loop */
		fake_cpu = cpu;
		assert_true(++rounds < 10000);
		if (fake_current[cpu]->domain->is_idle) {
			while (softirq_pending())
				softirq_run();
		} else {
			upcall_exit(&fake_regs[cpu]);
		}
	}
	landing[cpu] = outer;
	in_run[cpu] = false;
	fake_cpu = self;
}

void fake_settle(void)
{
	bool again;
	unsigned rounds = 0;

	do {
		again = false;
		for (unsigned cpu = 0; cpu < cpus; cpu++) {
			if (softirq_pending_on(cpu) || fake_kicks[cpu]) {
				fake_kicks[cpu] = 0;
				fake_run(cpu);
				again = true;
			}
		}
		assert_true(++rounds < 10000);
	} while (again);
	relaxed = 0;
}

void fake_on(unsigned cpu, void (*fn)(void *), void *arg)
{
	unsigned self = fake_cpu;

	fake_cpu = cpu;
	fn(arg);
	fake_run(cpu);
	fake_cpu = self;
	fake_settle();
}

void fake_advance(u64 to)
{
	for (;;) {
		unsigned first = 0;

		for (unsigned cpu = 1; cpu < cpus; cpu++)
			if (deadline[cpu] < deadline[first])
				first = cpu;
		if (deadline[first] > to)
			break;
		fake_time = deadline[first] > fake_time ? deadline[first] : fake_time;
		deadline[first] = TIMER_NONE;
		fake_cpu = first;
		upcall_timer();
		fake_settle();
	}
	fake_time = to;
	fake_cpu = FAKE_OUTSIDE;
}

void fake_boot(unsigned n, unsigned frames)
{
	static bool done;

	assert_false(done);
	done = true;
	cpus = n;
	cmdline_parse("loglvl=all guest_loglvl=all noreboot");
	console_init();
	trace_init();
	memset(ram, 0xa5, sizeof(ram));
	memset(table, 0x5a, sizeof(table));
	frame_add(256, frames);
	frames_init();
	for (unsigned cpu = 0; cpu < n; cpu++) {
		cpumask_set(&cpu_online_map, cpu);
		deadline[cpu] = TIMER_NONE;
	}
	sched_init();
	for (fake_cpu = 1; fake_cpu < n; fake_cpu++)
		sched_cpu_up(fake_cpu);
	fake_cpu = FAKE_OUTSIDE;
	fake_current[fake_cpu] = idle_domain->vcpu[0];
}
