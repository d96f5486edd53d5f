/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time. The TSC runs the clock of each CPU: one scale for all where it is synchronous (invariant,
 * or any virtual machine), else the bases are taken from the boot CPU when a CPU starts. It is
 * measured once against the HPET, the ACPI PM timer or the PIT, whichever is there. Scales are
 * written at boot only; the wall clock by the control domain, under its lock.
 */
#include "x86/time.h"
#include "lib/check.h"
#include "lib/lock.h"
#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/hpet.h"
#include "x86/upcalls.h"

#define NS_PER_SEC   1000000000ul
#define CALIBRATE_NS 20000000ul
#define TIMER_REACH  BIT(40)   /* ns, 18 minutes */
#define BOOT_NS	     1000000ul /* system time at the clock's start: to guests 0 means "none" */
#define PM_TIMER_HZ  3579545u
#define PIT_HZ	     1193182u
#define PIT_TICKS    (PIT_HZ / 50) /* 20 ms */

static struct time_scale scales[NR_CPUS] aligned(64);
static u64 tsc_hz ro_after_boot;
static u64 tsc_per_ns32 ro_after_boot; /* ticks a ns, 32.32 */
static bool synchronous ro_after_boot;
static u64 lent_time; /* for a CPU that starts */
static spinlock_t wallclock_lock;
static u64 wallclock_sec; /* at system time 0 */
static u32 wallclock_nsec;

/* ---- arithmetic ---- */

void time_scale_make(u64 hz, u32 *mul, s8 *shift)
{
	u64 q = (NS_PER_SEC << 32) / hz, rest = (NS_PER_SEC << 32) % hz;

	*shift = 0;
	for (; q >= BIT(32); ++*shift)
		q >>= 1;
	for (; q < BIT(31); --*shift) {
		rest *= 2;
		q = q * 2 + (rest >= hz);
		rest -= rest >= hz ? hz : 0;
	}
	*mul = (u32)q;
}

u64 time_of_date(u32 year, u32 month, u32 day, u32 hour, u32 minute, u32 second)
{
	/* Years from March on, so that the leap day is the last day of one. */
	u64 y = year - (month <= 2), m = month <= 2 ? month + 9 : month - 3;
	u64 days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;

	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

u64 time_ns_to_tsc(u64 ns)
{
	return (u64)((unsigned __int128)ns * tsc_per_ns32 >> 32);
}

/* ---- system time ---- */

u64 time_now(void)
{
	return time_scale_ns(&scales[cpu_id()], tsc_read());
}

void time_scale_get(struct time_scale *scale)
{
	*scale = scales[cpu_id()];
}

u64 time_cpu_khz(void)
{
	return tsc_hz / 1000;
}

/* ---- calibration ---- */

static u32 pm_timer_read(void)
{
	return inl((u16)acpi_info.pm_timer_port) & 0xffffff;
}

/* A reading of the reference and the TSC of the same moment: of several, the one that took least
 * time. */
static u32 read_pair(u32 (*reference)(void), u64 *tsc)
{
	u64 best = ~0ull;
	u32 value = 0;

	for (unsigned i = 0; i < 5; i++) {
		u64 before = tsc_read();
		u32 v = reference();
		u64 after = tsc_read();

		if (after - before < best) {
			best = after - before;
			value = v;
			*tsc = before + best / 2;
		}
	}
	return value;
}

static u64 measure(u32 (*reference)(void), u64 hz, u32 mask)
{
	u32 wait = (u32)(hz * CALIBRATE_NS / NS_PER_SEC), start, end;
	u64 tsc_start = 0, tsc_end = 0;

	start = read_pair(reference, &tsc_start);
	while (((reference() - start) & mask) < wait)
		pause_cpu();
	end = read_pair(reference, &tsc_end);
	return (tsc_end - tsc_start) * hz / ((end - start) & mask);
}

/* PIT channel 2 counts down once; bit 5 of port 0x61 tells the end. */
static u64 measure_by_pit(void)
{
	u64 start, limit = BIT(34);
	u8 gate = inb(0x61);

	outb(0x61, (u8)((gate & ~2) | 1));
	outb(0x43, 0xb0);
	outb(0x42, (u8)PIT_TICKS);
	outb(0x42, (u8)(PIT_TICKS >> 8));
	start = tsc_read();
	while (!(inb(0x61) & 0x20))
		if (tsc_read() - start > limit)
			panic("no timer to measure the TSC by");
	limit = tsc_read() - start;
	outb(0x61, gate);
	return limit * PIT_HZ / PIT_TICKS;
}

static u64 measure_tsc(const char **by)
{
	u64 hpet_hz = hpet_init();

	if (hpet_hz) {
		*by = "HPET";
		return measure(hpet_read, hpet_hz, ~0u);
	}
	if (acpi_info.pm_timer_port) {
		*by = "ACPI PM timer";
		return measure(pm_timer_read, PM_TIMER_HZ, 0xffffff);
	}
	*by = "PIT";
	return measure_by_pit();
}

/* ---- wall clock: the CMOS clock, once ---- */

static u32 cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static u32 from_bcd(u32 v, bool bcd)
{
	return bcd ? (v >> 4) * 10 + (v & 15) : v;
}

static u64 rtc_read(void)
{
	u32 v[6], again[6];
	static const u8 regs[6] = { 0, 2, 4, 7, 8, 9 }; /* second minute hour day month year */
	bool bcd = !(cmos(0x0b) & 4), same = false;

	for (unsigned tries = 0; tries < 1000 && !same;
		tries++) { /* two equal readings: no update between */
		same = !(cmos(0x0a) & 0x80);
		for (unsigned i = 0; i < 6; i++)
			v[i] = cmos(regs[i]);
		for (unsigned i = 0; i < 6; i++) {
			again[i] = cmos(regs[i]);
			same &= v[i] == again[i];
		}
	}
	if (!(cmos(0x0b) & 2)) { /* 12-hour mode */
		u32 hour = from_bcd(v[2] & 0x7f, bcd) % 12 + (v[2] & 0x80 ? 12 : 0);

		return time_of_date(2000 + from_bcd(v[5], bcd), from_bcd(v[4], bcd),
			from_bcd(v[3], bcd), hour, from_bcd(v[1], bcd), from_bcd(v[0], bcd));
	}
	return time_of_date(2000 + from_bcd(v[5], bcd), from_bcd(v[4], bcd), from_bcd(v[3], bcd),
		from_bcd(v[2], bcd), from_bcd(v[1], bcd), from_bcd(v[0], bcd));
}

void time_wallclock_get(u64 *sec, u32 *nsec)
{
	spin_lock(&wallclock_lock);
	*sec = wallclock_sec;
	*nsec = wallclock_nsec;
	spin_unlock(&wallclock_lock);
}

void time_wallclock_set(u64 sec, u32 nsec, u64 at_system_time)
{
	u64 total = sec * NS_PER_SEC + nsec - at_system_time;

	spin_lock(&wallclock_lock);
	wallclock_sec = total / NS_PER_SEC;
	wallclock_nsec = (u32)(total % NS_PER_SEC);
	spin_unlock(&wallclock_lock);
}

/* ---- start ---- */

void time_init(void)
{
	struct time_scale *s = &scales[0];
	const char *by;

	tsc_hz = measure_tsc(&by);
	if (tsc_hz < 1000000)
		panic("the TSC does not run");
	synchronous = cpu_features.invariant_tsc || cpu_features.hypervisor;
	tsc_per_ns32 = (tsc_hz / 1000 << 32) / 1000000;
	time_scale_make(tsc_hz, &s->mul, &s->shift);
	s->tsc_base = tsc_read();
	s->ns_base = BOOT_NS;
	s->stable = synchronous;
	if (!acpi_info.no_cmos)
		time_wallclock_set(rtc_read(), 0, time_now());
	upcall_log("TSC %lu.%03lu MHz (by %s)%s", (unsigned long)tsc_hz / 1000000,
		(unsigned long)tsc_hz / 1000 % 1000, by, synchronous ? "" : ", not synchronous");
}

void time_cpu_lend(void)
{
	if (!synchronous)
		WRITE_ONCE(lent_time, time_now());
	pause_cpu();
}

void time_cpu_init(unsigned cpu)
{
	struct time_scale *s = &scales[cpu];
	u64 lent;

	*s = scales[0];
	if (synchronous)
		return;
	lent = READ_ONCE(lent_time);
	while (READ_ONCE(lent_time) == lent)
		pause_cpu();
	s->tsc_base = tsc_read();
	s->ns_base = READ_ONCE(lent_time);
}

/* ---- the CPU's timer ---- */

void timer_program(u64 deadline)
{
	u64 now;

	if (deadline == TIMER_NONE) {
		apic_timer_stop();
		return;
	}
	now = time_now();
	/* A guest's deadline may be any number: beyond TIMER_REACH the product with the TSC's rate
	 * would wrap and fire at once, for ever. What fires early is asked for again. */
	apic_timer_set(deadline > now ? min(deadline - now, TIMER_REACH) : 0);
}
