/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PV kind of domain: creation and end, and which vcpu's state a CPU holds.
 *
 * A CPU that goes idle keeps the last guest vcpu's address space, descriptors and registers: when
 * the same vcpu comes back nothing is loaded. loaded[cpu].vcpu says whose state it is (own CPU
 * only), v->loaded_cpu the reverse; both must agree before it counts, as the vcpu may have run
 * elsewhere meanwhile. A domain that dies takes its vcpus off such CPUs first.
 */
#include "pv/desc.h"
#include "pv/m2p.h"
#include "pv/mmu.h"
#include "pv/pte.h"
#include "pv/pv_clock.h"
#include "pv/traps.h"
#include "core/log.h"
#include "lib/check.h"
#include "lib/string.h"
#include "x86/guest_cpu.h"
#include "x86/xstate.h"

static struct {
	struct vcpu *vcpu;
} aligned(64) loaded[NR_CPUS];

/* ---- creation and end ---- */

static struct domain *pv_domain_alloc(void)
{
	struct pv_domain *d = heap_alloc(sizeof(*d));

	return d ? &d->common : NULL;
}

static void pv_domain_free(struct domain *d)
{
	heap_free(pv_of(d));
}

static int pv_domain_init(struct domain *d, const struct xen_domctl_createdomain *config)
{
	if (d->is_idle)
		return 0;
	d->shared = heap_pages(0, 0);
	if (!d->shared)
		return fail(ENOMEM);
	page_share(d->shared, d);
	pv_wallclock_update(d);
	return 0;
}

static void pv_domain_destroy(struct domain *d)
{
	if (d->shared)
		page_unshare(d->shared, d);
	d->shared = NULL;
	heap_free(pv_of(d)->cpuid);
	pv_of(d)->cpuid = NULL;
}

/* The save area follows the struct; the allocation is of whole pages, so it is aligned. */
static size_t xsave_offset(void)
{
	return round_up(sizeof(struct pv_vcpu), 64);
}
_Static_assert(sizeof(struct pv_vcpu) > PAGE_SIZE / 2, "heap_alloc gives whole pages");

static struct vcpu *pv_vcpu_alloc(struct domain *d)
{
	struct pv_vcpu *pv = heap_alloc(xsave_offset() + max(xstate_size(), (size_t)PAGE_SIZE));

	if (!pv)
		return NULL;
	pv->xsave = (char *)pv + xsave_offset();
	pv->loaded_cpu = NR_CPUS;
	pv->kernel_l4 = pv->user_l4 = INVALID_MFN_RAW;
	return &pv->common;
}

static int pv_vcpu_init(struct vcpu *v)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	pv->kernel_mode = true;
	pv->xcr0 = xstate_features() & 3; /* x87 and SSE need no enabling by the guest */
	pv->dr[6] = 0xffff0ff0;
	pv->dr[7] = 0x400;
	xstate_init(pv->xsave);
	v->info->evtchn_upcall_mask = 1;
	return 0;
}

static void pv_vcpu_destroy(struct vcpu *v)
{
	heap_free(pv_vcpu_of(v));
}

/* This CPU is idle and holds a vcpu of the domain: forget it. */
static void leave_domain(void *arg)
{
	struct domain *d = arg;
	unsigned cpu = cpu_id();

	if (!loaded[cpu].vcpu || loaded[cpu].vcpu->domain != d)
		return;
	pv_vcpu_of(loaded[cpu].vcpu)->loaded_cpu = NR_CPUS;
	loaded[cpu].vcpu = NULL;
	desc_unload_windows();
	mmu_unload_cr3();
	cpumask_clear(&pv_of(d)->dirty_cpus, cpu);
}

static int pv_domain_relinquish(struct domain *d)
{
	struct vcpu *v;

	desc_invalidate_ldt(d); /* here, as it may free frames, which leave_domain may not */
	cpu_call(&pv_of(d)->dirty_cpus, leave_domain, d);
	for_each_vcpu (d, v) {
		int r = mmu_set_user_l4(v, mfn(INVALID_MFN_RAW));

		if (!r)
			r = mmu_set_kernel_l4(v, mfn(INVALID_MFN_RAW));
		if (r)
			return r;
		desc_drop_gdt(v);
	}
	return pagetype_relinquish(d);
}

/* ---- switching ---- */

static void save_segments(struct pv_vcpu *pv)
{
	u64 active = gs_base_read(), other = gs_other_read();

	pv->ds = segment_read(SEG_DS);
	pv->es = segment_read(SEG_ES);
	pv->fs = segment_read(SEG_FS);
	pv->gs = segment_read(SEG_GS);
	pv->fs_base = fs_base_read();
	pv->gs_base_kernel = pv->kernel_mode ? active : other;
	pv->gs_base_user = pv->kernel_mode ? other : active;
}

/* A selector that faults is the guest's business: its failsafe callback gets it (PV-ABI 11). */
static void load_segments(struct pv_vcpu *pv)
{
	bool ok = segment_load(SEG_DS, pv->ds);

	ok &= segment_load(SEG_ES, pv->es);
	ok &= segment_load(SEG_FS, pv->fs);
	ok &= segment_load(SEG_GS, pv->gs);
	fs_base_write(pv->fs_base);
	gs_base_write(pv->kernel_mode ? pv->gs_base_kernel : pv->gs_base_user);
	gs_other_write(pv->kernel_mode ? pv->gs_base_user : pv->gs_base_kernel);
	if (unlikely(!ok))
		pv->failsafe_pending = true;
}

static void pv_switch_from(struct vcpu *v)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (pv->ts)
		cr0_ts_set(false);
	xstate_save(pv->xsave);
	if (pv->ts)
		cr0_ts_set(true);
	save_segments(pv);
}

static void pv_switch_to(struct vcpu *v)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	unsigned cpu = cpu_id();
	struct vcpu *before = loaded[cpu].vcpu;
	u32 here = cpu;

	if (likely(before == v && pv->loaded_cpu == cpu)) {
		pv_time_update(v);
		return;
	}
	if (before)
		(void)!atomic_cmpxchg(&pv_vcpu_of(before)->loaded_cpu, &here, NR_CPUS);
	cpumask_set(&pv_of(v->domain)->dirty_cpus, cpu);
	loaded[cpu].vcpu = v;
	pv->loaded_cpu = cpu;
	desc_load_windows(pv);
	mmu_load_cr3(pv);
	if (before && before->domain != v->domain)
		cpumask_clear(&pv_of(before->domain)->dirty_cpus, cpu);
	pv_load_cr4(pv);
	pv_debugreg_load(pv);
	pv_tsc_aux_load(pv);
	cr0_ts_set(false);
	xstate_load(pv->xsave, pv->xcr0);
	if (pv->ts)
		cr0_ts_set(true);
	load_segments(pv);
	pv_time_update(v);
}

/* ---- the rest of the operations ---- */

static void pv_tlb_flush(struct domain *d)
{
	tlb_flush(&pv_of(d)->dirty_cpus);
}

static void pv_op_time_update(struct vcpu *v)
{
	pv_vcpu_of(v)->time_area_stale = true;
	pv_time_update(v);
}

static bool pv_page_type_get(struct page *p, bool writable)
{
	return !writable || pagetype_get_writable(p, false) == 0;
}

static void pv_page_type_put(struct page *p, bool writable)
{
	if (writable)
		pagetype_put_writable(p);
}

static void pv_page_freed(struct page *p)
{
	BUG_ON(p->type & PTW_COUNT);
	p->type = 0;
	m2p_set(page_frame(p), INVALID_M2P_ENTRY);
}

static bool write_through_frame(struct vcpu *v, u64 va, const void *from, u64 bytes)
{
	mfn_t frame;
	u64 flags;

	if (!mmu_walk_kernel(v, va, &frame, &flags) || !(flags & PTE_WRITE) ||
		!frame_valid(frame) || !page_get_any(page_of(frame)))
		return false;
	if (pagetype_get_writable(page_of(frame), false)) {
		page_put(page_of(frame));
		return false;
	}
	memcpy((char *)frame_map(frame) + (va & ~PAGE_MASK), from, bytes);
	pagetype_page_put(page_of(frame));
	return true;
}

bool pv_kernel_write(struct vcpu *v, u64 va, const void *from, u64 bytes)
{
	u64 first = min(bytes, PAGE_SIZE - (va & ~PAGE_MASK));

	if (pv_vcpu_of(v)->kernel_mode)
		return guest_copy_out(va, from, bytes) == 0;
	return write_through_frame(v, va, from, first) &&
	       (first == bytes || write_through_frame(v, va + first, (const char *)from + first,
					  bytes - first));
}

static void dump_stack(struct vcpu *v, const struct regs *regs)
{
	u64 words[16];

	if (v != current_vcpu() || guest_copy_in(words, regs->rsp, sizeof(words)))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(words); i += 4)
		log_raw("  stack %016lx: %016lx %016lx %016lx %016lx\n", regs->rsp + 8 * i,
			words[i], words[i + 1], words[i + 2], words[i + 3]);
}

static void pv_dump(struct vcpu *v)
{
	const struct pv_vcpu *pv = pv_vcpu_of(v);
	const struct regs *r = v == current_vcpu() ? guest_regs() : &v->regs;

	log_raw("d%uv%u %s mode cr3 %016lx cr2 %016lx\n", v->domain->id, v->id,
		pv->kernel_mode ? "kernel" : "user", pv->cr3, v->info->arch.cr2);
	log_raw("  rip %04lx:%016lx rsp %04lx:%016lx rflags %lx vector %u error %x\n", r->cs,
		r->rip, r->ss, r->rsp, r->rflags, r->vector, r->error_code);
	log_raw("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
	log_raw("  rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
	log_raw("  r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
	log_raw("  r13 %016lx r14 %016lx r15 %016lx mask %u pending %u\n", r->r13, r->r14, r->r15,
		v->info->evtchn_upcall_mask, v->info->evtchn_upcall_pending);
	dump_stack(v, r);
}

const struct domain_ops pv_ops = {
	.domain_alloc = pv_domain_alloc,
	.domain_free = pv_domain_free,
	.domain_init = pv_domain_init,
	.domain_relinquish = pv_domain_relinquish,
	.domain_destroy = pv_domain_destroy,
	.vcpu_alloc = pv_vcpu_alloc,
	.vcpu_init = pv_vcpu_init,
	.vcpu_destroy = pv_vcpu_destroy,
	.switch_from = pv_switch_from,
	.switch_to = pv_switch_to,
	.exit_work = pv_exit_work,
	.time_update = pv_op_time_update,
	.grant_map = mmu_grant_map,
	.grant_unmap = mmu_grant_unmap,
	.page_type_get = pv_page_type_get,
	.page_type_put = pv_page_type_put,
	.page_freed = pv_page_freed,
	.dump = pv_dump,
	.kernel_write = pv_kernel_write,
	.tlb_flush = pv_tlb_flush,
};
