/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time as a guest reads it without a call (PV-ABI 20): vcpu_time_info in vcpu_info and in the
 * registered area, the wall clock in the shared info page. The version is odd while the rest is
 * written. Only the vcpu's own CPU writes its time.
 */
#include "pv/pv_clock.h"
#include "pv/mmu.h"
#include "pv/traps.h"
#include "pv/tsc.h"
#include "lib/string.h"

void clock_fill(struct vcpu_time_info *t, const struct time_scale *s)
{
	t->tsc_timestamp = s->tsc_base;
	t->system_time = s->ns_base;
	t->tsc_to_system_mul = s->mul;
	t->tsc_shift = s->shift;
	t->flags = s->stable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

static bool same_scale(const struct vcpu_time_info *a, const struct vcpu_time_info *b)
{
	return a->tsc_timestamp == b->tsc_timestamp && a->system_time == b->system_time &&
	       a->tsc_to_system_mul == b->tsc_to_system_mul && a->tsc_shift == b->tsc_shift &&
	       a->flags == b->flags;
}

/* The registered area is in the kernel's address space; the words go in the order that its readers
 * count on. */
static void write_area(struct vcpu *v, struct vcpu_time_info *t)
{
	u64 va = v->time_area_addr;
	u32 version = t->version;

	t->version = version - 1;
	if (!pv_kernel_write(v, va, &t->version, sizeof(t->version)))
		return;
	if (!pv_kernel_write(v, va + 8, (char *)t + 8, sizeof(*t) - 8))
		return;
	t->version = version;
	pv_kernel_write(v, va, &t->version, sizeof(t->version));
}

void pv_time_update(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->info->time, fresh = { 0 };
	struct time_scale scale;
	u32 version;

	time_scale_get(&scale);
	pv_tsc_scale(v->domain, &scale);
	clock_fill(&fresh, &scale);
	/* A scale that never changes needs to be written once only. */
	if (likely(t->version && same_scale(t, &fresh) && !pv_vcpu_of(v)->time_area_stale))
		return;
	version = (t->version | 1) + (t->version & 1 ? 2 : 0);
	WRITE_ONCE(t->version, version);
	smp_mb();
	clock_fill(t, &scale);
	smp_mb();
	WRITE_ONCE(t->version, version + 1);
	pv_vcpu_of(v)->time_area_stale = false;
	if (v->time_area_addr) {
		fresh.version = version + 1;
		write_area(v, &fresh);
	}
}

void pv_wallclock_update(struct domain *d)
{
	struct shared_info *s = d->shared;
	u64 sec;
	u32 nsec, version;

	time_wallclock_get(&sec, &nsec);
	sec += d->time_offset_seconds;
	version = s->wc_version | 1;
	WRITE_ONCE(s->wc_version, version);
	smp_mb();
	s->wc_sec = sec;
	s->wc_sec_hi = sec >> 32;
	s->wc_nsec = nsec;
	smp_mb();
	WRITE_ONCE(s->wc_version, version + 1);
}
