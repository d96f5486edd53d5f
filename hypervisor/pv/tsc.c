/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TSC of a domain. Native: RDTSC is not intercepted. Emulated: CR4.TSD is set while its vcpus
 * run, RDTSC and RDTSCP arrive as #GP (privop.c), and the clock that the guest computes from
 * vcpu_time_info is given for the emulated one (clock.c). It counts from the domain's start at its
 * own frequency. Set before the domain runs, or while it is paused; read only meanwhile.
 */
#include "pv/tsc.h"
#include "x86/time.h"

#define KHZ_TOLERANCE 5000 /* a part of so many: two measurements of one frequency */

static bool other_frequency(u32 khz)
{
	u64 host = time_cpu_khz(), off = khz > host ? khz - host : host - khz;

	return off > host / KHZ_TOLERANCE;
}

void pv_tsc_set(struct domain *d, u32 mode, u32 khz, u32 incarnation, u64 elapsed)
{
	struct pv_tsc *t = &pv_of(d)->tsc;
	struct vcpu *v;

	*t = (struct pv_tsc){ .mode = (u8)mode,
		.khz = khz ? khz : (u32)time_cpu_khz(),
		.incarnation = incarnation + 1, /* the guest counts its settings, as moves */
		.start = time_now() - elapsed };
	t->emulated = mode == TSC_MODE_ALWAYS_EMULATE ||
		      (mode == TSC_MODE_DEFAULT && other_frequency(t->khz));
	t->per_ns32 = ((u64)t->khz << 32) / 1000000;
	time_scale_make(t->khz * 1000ul, &t->mul, &t->shift);
	for_each_vcpu (d, v) /* CR4 of a CPU that kept one is no longer true */
		pv_vcpu_of(v)->loaded_cpu = NR_CPUS;
}

static u64 emulated(const struct pv_tsc *t, u64 ns)
{
	return (u64)((unsigned __int128)ns * t->per_ns32 >> 32);
}

/* A native TSC has nothing that would have to go with the domain to another host. */
void pv_tsc_info(struct domain *d, struct xen_domctl_tsc_info *info)
{
	const struct pv_tsc *t = &pv_of(d)->tsc;

	*info = (struct xen_domctl_tsc_info){ .tsc_mode = t->mode, .incarnation = t->incarnation };
	if (t->mode == TSC_MODE_NEVER_EMULATE)
		return;
	info->gtsc_khz = t->emulated ? t->khz : (u32)time_cpu_khz();
	info->elapsed_nsec = t->emulated ? time_now() - t->start : time_now();
}

u64 pv_tsc_read(struct domain *d)
{
	const struct pv_tsc *t = &pv_of(d)->tsc;

	return t->emulated ? emulated(t, time_now() - t->start) : tsc_read();
}

void pv_tsc_scale(const struct domain *d, struct time_scale *scale)
{
	const struct pv_tsc *t = &container_of(d, struct pv_domain, common)->tsc;

	if (likely(!t->emulated))
		return;
	/* It may have started before the host did, on another one. */
	scale->ns_base = (s64)t->start > 0 ? t->start : 0;
	scale->tsc_base = emulated(t, scale->ns_base - t->start);
	scale->mul = t->mul;
	scale->shift = t->shift;
	scale->stable = true;
}
