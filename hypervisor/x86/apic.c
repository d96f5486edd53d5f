/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local APIC (SDM vol. 3, chapter 10). Registers are offsets of the memory form; in x2APIC mode
 * they are MSRs 0x800 + offset / 16 and the interrupt command is one 64-bit write. A CPU touches
 * its own APIC only, so there is no lock.
 */
#include "x86/apic.h"
#include "lib/check.h"
#include "x86/acpi.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/machine.h"
#include "x86/pgtable.h"
#include "x86/time.h"
#include "x86/trap.h"
#include "x86/upcalls.h"

enum {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT0 = 0x350,
	APIC_LVT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define LVT_MASKED     BIT(16)
#define LVT_NMI	       (4u << 8)
#define TIMER_DEADLINE (2u << 17)
#define SVR_ENABLE     BIT(8)
#define ICR_PENDING    BIT(12)
#define ICR_ASSERT     BIT(14)
#define ICR_SELF       BIT(18)
#define ICR_NMI	       (4u << 8)
#define ICR_INIT       (5u << 8)
#define ICR_STARTUP    (6u << 8)
#define BASE_ENABLE    BIT(11)
#define BASE_X2	       BIT(10)
#define DIVIDE_BY_1    0xb
#define CALIBRATE_NS   2000000ul

static volatile u32 *regs ro_after_boot;
static bool x2 ro_after_boot;
static u32 ids[NR_CPUS];
static u64 ticks_per_ns32 ro_after_boot; /* timer ticks a ns, 32.32 fixed point */

static u32 read_reg(unsigned reg)
{
	return x2 ? (u32)rdmsr(MSR_X2APIC + reg / 16) : regs[reg / 4];
}

static void write_reg(unsigned reg, u32 v)
{
	if (x2)
		wrmsr(MSR_X2APIC + reg / 16, v);
	else
		regs[reg / 4] = v;
}

static void mask_8259(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (acpi_info.pcat_compat || !acpi_info.cpu_count)
		mask_8259();
	x2 = cpu_features.x2apic && (base & BASE_X2 || acpi_info.cpu_count > 255);
	if (!x2)
		regs = iomap(acpi_info.lapic_address ?: 0xfee00000, PAGE_SIZE);
	if (!x2 && !regs)
		panic("cannot map the local APIC");
}

void apic_cpu_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base | (x2 ? BASE_X2 : 0));
	write_reg(APIC_TPR, 0);
	if (!x2) {
		write_reg(APIC_DFR, ~0u);
		write_reg(APIC_LDR, 0);
	}
	write_reg(APIC_LVT_TIMER, LVT_MASKED);
	write_reg(APIC_LVT0, LVT_MASKED);
	write_reg(APIC_LVT1, cpu_id() == 0 ? LVT_NMI : LVT_MASKED);
	write_reg(APIC_LVT_ERROR, VECTOR_ERROR);
	write_reg(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	write_reg(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	write_reg(APIC_EOI, 0);
	if (cpu_features.tsc_deadline)
		write_reg(APIC_LVT_TIMER, TIMER_DEADLINE | VECTOR_TIMER);
	else
		write_reg(APIC_LVT_TIMER, VECTOR_TIMER);
	ids[cpu_id()] = apic_id();
}

u32 apic_id(void)
{
	return x2 ? read_reg(APIC_ID) : read_reg(APIC_ID) >> 24;
}

u32 apic_id_of(unsigned cpu)
{
	return ids[cpu];
}

void apic_id_set(unsigned cpu, u32 id)
{
	ids[cpu] = id;
}

void apic_eoi(void)
{
	write_reg(APIC_EOI, 0);
}

void apic_error(void)
{
	u32 status;

	write_reg(APIC_ESR, 0);
	status = read_reg(APIC_ESR);
	apic_eoi();
	upcall_log("local APIC of CPU %u: error status %x", cpu_id(), status);
}

static void command(u32 id, u32 low)
{
	if (x2) {
		smp_mb(); /* x2APIC's MSRs do not order earlier stores */
		wrmsr(MSR_X2APIC + APIC_ICR / 16, (u64)id << 32 | low);
		return;
	}
	while (read_reg(APIC_ICR) & ICR_PENDING)
		pause_cpu();
	write_reg(APIC_ICR_HIGH, id << 24);
	write_reg(APIC_ICR, low);
}

void apic_send(unsigned cpu, u8 vector)
{
	command(ids[cpu], ICR_ASSERT | vector);
}

/* The shorthand needs no destination, so the one that an interrupted command wrote stays. */
void apic_send_self(u8 vector)
{
	if (x2) {
		wrmsr(MSR_X2APIC + APIC_ICR / 16, ICR_SELF | ICR_ASSERT | vector);
		return;
	}
	while (read_reg(APIC_ICR) & ICR_PENDING)
		pause_cpu();
	write_reg(APIC_ICR, ICR_SELF | ICR_ASSERT | vector);
}

void apic_send_nmi(unsigned cpu)
{
	command(ids[cpu], ICR_ASSERT | ICR_NMI);
}

static void delay(u64 ns)
{
	u64 end = time_now() + ns;

	while (time_now() < end)
		pause_cpu();
}

/* SDM vol. 3, 8.4.4: INIT, 10 ms, two start-up IPIs with the page number as vector. */
void apic_start_cpu(u32 id, u64 page)
{
	command(id, ICR_ASSERT | ICR_INIT);
	delay(cpu_features.hypervisor ? 100000 : 10000000);
	for (unsigned i = 0; i < 2; i++) {
		command(id, ICR_ASSERT | ICR_STARTUP | (u32)(page >> PAGE_SHIFT));
		delay(200000);
	}
}

void apic_disable(void)
{
	write_reg(APIC_LVT_TIMER, LVT_MASKED);
	write_reg(APIC_SVR, VECTOR_SPURIOUS);
}

void apic_timer_calibrate(void)
{
	u64 start, spent, ticks;

	if (cpu_features.tsc_deadline)
		return;
	write_reg(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	write_reg(APIC_TIMER_INITIAL, ~0u);
	start = time_now();
	while ((spent = time_now() - start) < CALIBRATE_NS)
		pause_cpu();
	ticks = ~0u - read_reg(APIC_TIMER_CURRENT);
	write_reg(APIC_TIMER_INITIAL, 0);
	write_reg(APIC_LVT_TIMER, VECTOR_TIMER);
	if (!ticks)
		panic("the local APIC's timer does not run");
	ticks_per_ns32 = (ticks << 32) / spent;
}

void apic_timer_set(u64 ns)
{
	u64 ticks;

	if (cpu_features.tsc_deadline) {
		/* Never 0, which would disarm it. */
		wrmsr(MSR_TSC_DEADLINE, tsc_read() + time_ns_to_tsc(ns) + 1);
		return;
	}
	/* The counter has 32 bits; an early interrupt just asks again. */
	ns = min(ns, 1000000000ul);
	ticks = (u64)((unsigned __int128)ns * ticks_per_ns32 >> 32) + 1; /* not before its time */
	write_reg(APIC_TIMER_INITIAL, (u32)min(ticks, 0xfffffffful));
}

void apic_timer_stop(void)
{
	if (cpu_features.tsc_deadline)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		write_reg(APIC_TIMER_INITIAL, 0);
}

void apic_timer_fired(void)
{
	upcall_timer();
}
