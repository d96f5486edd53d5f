/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs. Secondary CPUs are started one after the other at boot; cpu_call runs a function on CPUs,
 * one call at a time in the machine (call_lock); a CPU finds its share by its bit in call.todo.
 * cpu_relax serves both kinds of request, so the waits here cannot block each other.
 */
#include "x86/smp.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/memmap.h"
#include "x86/percpu.h"
#include "x86/pgtable.h"
#include "x86/time.h"
#include "x86/trap.h"
#include "x86/upcalls.h"
#include "x86/xstate.h"

#define START_TIMEOUT_NS 1000000000ul

extern const char trampoline_start[], trampoline_end[];
extern u32 trampoline_efer;
u64 smp_ap_cr3, smp_ap_stack; /* trampoline.S */

struct cpumask cpu_online_map;
static unsigned online_count;
static unsigned starting; /* the CPU being started */
static u32 acpi_ids[NR_CPUS] ro_after_boot;
static spinlock_t call_lock;
static struct {
	struct cpumask todo, pending; /* not begun; not finished */
	void (*fn)(void *arg);
	void *arg;
} call;

static u32 stopper; /* 1 + the CPU that brings the machine down: NMIs mean stop for good */

unsigned cpu_online_count(void)
{
	return READ_ONCE(online_count);
}

u32 cpu_acpi_id(unsigned cpu)
{
	return acpi_ids[cpu];
}

u32 cpu_apic_id(unsigned cpu)
{
	return apic_id_of(cpu);
}

void set_current_vcpu(struct vcpu *v)
{
	cpu_block()->current = v;
}

/* ---- requests ---- */

void smp_serve(void)
{
	unsigned cpu = cpu_id();

	if (tlb_asked(cpu))
		tlb_serve(cpu);
	if (cpumask_test(&call.todo, cpu)) {
		cpumask_clear(&call.todo, cpu); /* fn may come back here by cpu_relax */
		call.fn(call.arg);
		cpumask_clear(&call.pending, cpu);
	}
}

void cpu_relax(void)
{
	pause_cpu();
	smp_serve();
}

void cpu_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg)
{
	unsigned self = cpu_id(), cpu;
	struct cpumask targets = { 0 };

	spin_lock(&call_lock);
	call.fn = fn;
	call.arg = arg;
	for_each_cpu (cpu, mask)
		if (cpu != self && cpumask_test(&cpu_online_map, cpu))
			cpumask_set(&targets, cpu);
	for_each_cpu (cpu, &targets) {
		cpumask_set(&call.pending, cpu);
		cpumask_set(&call.todo, cpu);
		apic_send(cpu, VECTOR_REQUEST);
	}
	if (cpumask_test(mask, self))
		fn(arg);
	while (!cpumask_empty(&call.pending))
		cpu_relax();
	spin_unlock(&call_lock);
}

void cpu_kick(unsigned cpu)
{
	apic_send(cpu, VECTOR_KICK);
}

/* ---- interrupts on, for a moment ---- */

void irq_window(void)
{
	asm volatile("sti; nop; cli" : : : "memory");
}

void machine_idle(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

/* ---- start ---- */

static void cpu_online(unsigned cpu)
{
	cpumask_set(&cpu_online_map, cpu);
	atomic_inc(&online_count);
}

void smp_boot_cpu(void)
{
	u32 id = apic_id();

	for (unsigned i = 0; i < acpi_info.cpu_count; i++)
		if (acpi_info.cpus[i].apic_id == id)
			acpi_ids[0] = acpi_info.cpus[i].acpi_id;
	cpu_online(0);
}

noreturn void smp_ap_start(void)
{
	unsigned cpu = starting;

	percpu_block(cpu)->cpu = cpu;
	desc_cpu_init(cpu);
	cpu_control_init();
	cpu_syscall_init(cpu);
	xstate_cpu_init();
	apic_cpu_init();
	time_cpu_init(cpu);
	cpu_online(cpu);
	upcall_cpu_main();
}

/* Start CPU `cpu` whose APIC has that id; false if it does not come. */
static bool start_cpu(unsigned cpu, u32 id, u64 page)
{
	u64 give_up;

	starting = cpu;
	apic_id_set(cpu, id);
	pgtable_map_cpu(cpu);
	smp_ap_cr3 = pgtable_hv_cr3();
	smp_ap_stack = (u64)percpu_block(cpu) - 8; /* aligned for C */
	smp_mb();
	apic_start_cpu(id, page);
	give_up = time_now() + START_TIMEOUT_NS;
	while (!cpumask_test(&cpu_online_map, cpu)) {
		time_cpu_lend();
		if (time_now() > give_up)
			return false;
	}
	return true;
}

void smp_start_all(void)
{
	u64 page = memmap_low_page(), size = (u64)(trampoline_end - trampoline_start);
	u32 *efer = (u32 *)(DIRECTMAP_START + page + ((char *)&trampoline_efer - trampoline_start));
	unsigned cpu = 1;

	if (!page || acpi_info.cpu_count < 2)
		return;
	memcpy((void *)(DIRECTMAP_START + page), trampoline_start, size);
	*efer = (u32)rdmsr(MSR_EFER) & ~(u32)EFER_LMA;
	for (unsigned i = 0; i < acpi_info.cpu_count && percpu_frames(cpu); i++) {
		const struct acpi_cpu *c = &acpi_info.cpus[i];

		if (c->apic_id == apic_id_of(0))
			continue;
		acpi_ids[cpu] = c->acpi_id;
		if (start_cpu(cpu, c->apic_id, page))
			cpu++;
		else
			panic("CPU with APIC id %u does not start", c->apic_id);
	}
}

/* ---- stop ---- */

static noreturn void stop_here(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

void smp_nmi(struct regs *regs)
{
	if (READ_ONCE(stopper))
		stop_here();
	upcall_nmi(nmi_reasons());
	apic_send_self(VECTOR_KICK); /* the way back from here runs no softirq */
}

void machine_stop_others(void)
{
	unsigned cpu;
	u32 first = 0;

	if (!atomic_cmpxchg(&stopper, &first, cpu_id() + 1)) {
		if (first == cpu_id() + 1)
			return;
		stop_here();
	}
	for_each_cpu (cpu, &cpu_online_map)
		if (cpu != cpu_id())
			apic_send_nmi(cpu);
}
