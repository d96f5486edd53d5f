/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing guest page tables (mmu_update, update_va_mapping, PV-ABI 15-19) and the address space
 * that a CPU has loaded.
 *
 * An entry is replaced by one compare-and-exchange while a type reference keeps its table a table:
 * references for the new value are taken before, those of the value that the exchange found are
 * given back after, so two writers cannot both drop the same one and no lock is needed. The CPU may
 * set A and D in between; tries are bounded because other vcpus of the guest can write as well.
 *
 * loaded_cr3[] is what each CPU has in CR3 (own CPU writes, mmu_evict_l4 reads): an idle CPU keeps
 * the last guest's.
 */
#include "pv/mmu.h"
#include "pv/m2p.h"
#include "pv/pte.h"
#include "x86/guest_cpu.h"
#include "lib/check.h"

#define WRITE_TRIES 8

static u64 loaded_cr3[NR_CPUS];

/* ---- address spaces ---- */

static bool m2p_strict(const struct domain *d)
{
	return d->vm_assist >> VMASST_TYPE_m2p_strict & 1;
}

void mmu_fill_hv_slots(u64 *l4, const struct domain *d)
{
	for (unsigned i = 0; i < HV_SLOTS; i++)
		l4[HV_FIRST_SLOT + i] = hv_l4_slot(i);
	if (!m2p_strict(d))
		l4[HV_FIRST_SLOT] = 0;
}

/*
 * The guests' machine-to-phys table in the first slot (<xen/xen.h> VMASST_TYPE_m2p_strict): a table
 * used as a kernel one has it; a user one loses it if the guest is strict, and otherwise never got
 * it unless it was a kernel one before.
 */
static void m2p_show(u64 l4, bool kernel, const struct domain *d)
{
	u64 *slot = (u64 *)frame_map(mfn(l4)) + HV_FIRST_SLOT;

	if (kernel)
		WRITE_ONCE(*slot, hv_l4_slot(0));
	else if (m2p_strict(d))
		WRITE_ONCE(*slot, 0);
}

void mmu_load_cr3(struct pv_vcpu *v)
{
	loaded_cr3[cpu_id()] = v->cr3;
	v->user_clean = true;
	cr3_switch(v->cr3);
}

void mmu_unload_cr3(void)
{
	loaded_cr3[cpu_id()] = hv_cr3();
	cr3_switch(hv_cr3());
}

void mmu_toggle_mode(struct pv_vcpu *v)
{
	v->kernel_mode = !v->kernel_mode;
	v->cr3 = (v->kernel_mode ? v->kernel_l4 : v->user_l4) << PAGE_SHIFT;
	v->user_clean = false;
	loaded_cr3[cpu_id()] = v->cr3;
	gs_swap();
	cr3_toggle(v->cr3);
}

static void leave_l4(void *cr3)
{
	if (loaded_cr3[cpu_id()] == *(u64 *)cr3)
		mmu_unload_cr3();
}

void mmu_evict_l4(mfn_t l4)
{
	u64 cr3 = l4.n << PAGE_SHIFT;
	struct cpumask cpus = { 0 };
	bool any = false;
	unsigned cpu;

	for_each_cpu (cpu, &cpu_online_map) {
		if (READ_ONCE(loaded_cr3[cpu]) != cr3)
			continue;
		cpumask_set(&cpus, cpu);
		any = true;
	}
	if (any)
		cpu_call(&cpus, leave_l4, &cr3);
}

static bool no_l4(mfn_t l4)
{
	return l4.n == 0 || l4.n == INVALID_MFN_RAW;
}

/* Put the table of frame n, when there is one. */
static void l4_put(u64 n)
{
	if (n != INVALID_MFN_RAW)
		pagetype_page_put(page_of(mfn(n)));
}

static int l4_get(struct domain *d, mfn_t l4)
{
	int r = pagetype_begin(d);

	return r || no_l4(l4) ? r : pagetype_page_get(l4, PT_L4, d);
}

int mmu_set_kernel_l4(struct vcpu *v, mfn_t l4)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	u64 old = pv->kernel_l4;
	int r;

	if (!no_l4(l4) && l4.n == old) {
		if (v == current_vcpu())
			mmu_load_cr3(pv);
		return 0;
	}
	if (no_l4(l4) && v == current_vcpu())
		return fail(EINVAL);
	r = l4_get(v->domain, l4);
	if (r)
		return r;
	pv->kernel_l4 = no_l4(l4) ? INVALID_MFN_RAW : l4.n;
	if (!no_l4(l4))
		m2p_show(l4.n, true, v->domain);
	if (pv->kernel_mode) {
		pv->cr3 = l4.n << PAGE_SHIFT;
		if (v == current_vcpu())
			mmu_load_cr3(pv);
	}
	l4_put(old);
	return 0;
}

int mmu_set_user_l4(struct vcpu *v, mfn_t l4)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	u64 old = pv->user_l4;
	int r;

	if (!no_l4(l4) && l4.n == old)
		return 0;
	r = l4_get(v->domain, l4);
	if (r)
		return r;
	pv->user_l4 = no_l4(l4) ? INVALID_MFN_RAW : l4.n;
	if (!no_l4(l4) && l4.n != pv->kernel_l4)
		m2p_show(l4.n, false, v->domain);
	if (!pv->kernel_mode)
		pv->cr3 = pv->user_l4 << PAGE_SHIFT;
	/* Its pages are global: what the old one left must not serve the new one. */
	if (v == current_vcpu() && !pv->user_clean)
		mmu_load_cr3(pv);
	l4_put(old);
	return 0;
}

void mmu_vcpu_cpus(struct domain *d, const u64 *vcpu_bitmap, struct cpumask *cpus)
{
	struct vcpu *v;

	*cpus = (struct cpumask){ 0 };
	for_each_vcpu (d, v) {
		unsigned cpu = READ_ONCE(pv_vcpu_of(v)->loaded_cpu);

		if (cpu < NR_CPUS && test_bit(vcpu_bitmap, v->id))
			cpumask_set(cpus, cpu);
	}
}

/* ---- walking ---- */

/* The frame of the L1 table for va below the valid L4 frame n; the caller checks it, as the tables
 * may change under us. */
static bool find_l1(u64 n, u64 va, mfn_t *l1)
{
	if (!guest_address_ok(va))
		return false;
	for (unsigned level = 4;; level--) {
		const u64 *table = frame_map(mfn(n));
		u64 pte = READ_ONCE(table[pte_index(va, level)]);

		if (!(pte & PTE_PRESENT))
			return false;
		n = pte_mfn(pte).n;
		if (level == 2)
			break;
		if (!frame_valid(mfn(n)))
			return false;
	}
	*l1 = mfn(n);
	return true;
}

static u64 current_l4(const struct pv_vcpu *v)
{
	return v->kernel_mode ? v->kernel_l4 : v->user_l4;
}

struct page *mmu_l1_hold(struct domain *d, mfn_t m)
{
	enum pagetype type;
	struct page *p;

	if (!frame_valid(m) || !page_get(page_of(m), d))
		return NULL;
	p = page_of(m);
	if (!pagetype_get_table(p, &type)) {
		page_put(p);
		return NULL;
	}
	if (type != PT_L1) {
		mmu_l1_put(p);
		return NULL;
	}
	return p;
}

struct page *mmu_l1_get(struct vcpu *v, u64 va, u64 **entry)
{
	struct page *p;
	mfn_t l1;

	/* v runs, so its L4 is loaded and held; mmu_l1_hold checks the L1 */
	if (!find_l1(current_l4(pv_vcpu_of(v)), va, &l1))
		return NULL;
	p = mmu_l1_hold(v->domain, l1);
	if (p)
		*entry = (u64 *)frame_map(l1) + pte_index(va, 1);
	return p;
}

static bool walk(u64 l4, u64 va, mfn_t *frame, u64 *flags)
{
	mfn_t l1;
	u64 pte;

	if (!frame_valid(mfn(l4)) || !find_l1(l4, va, &l1) || !frame_valid(l1))
		return false;
	pte = READ_ONCE(((const u64 *)frame_map(l1))[pte_index(va, 1)]);
	if (!(pte & PTE_PRESENT))
		return false;
	*frame = pte_mfn(pte);
	*flags = pte & ~PTE_FRAME;
	return true;
}

bool mmu_walk(struct vcpu *v, u64 va, mfn_t *frame, u64 *flags)
{
	return walk(current_l4(pv_vcpu_of(v)), va, frame, flags);
}

bool mmu_walk_kernel(struct vcpu *v, u64 va, mfn_t *frame, u64 *flags)
{
	return walk(pv_vcpu_of(v)->kernel_l4, va, frame, flags);
}

/* ---- writing entries ---- */

/*
 * Exchange *entry for new, whatever it holds or only if it holds *want; *old is what it held.
 * Answers false when it changed too often, or is not as wanted.
 */
static bool entry_exchange(u64 *entry, u64 new, const u64 *want, bool keep_ad, u64 *old)
{
	u64 was = want ? *want : READ_ONCE(*entry);

	for (unsigned i = 0; i < WRITE_TRIES; i++) {
		if (atomic_cmpxchg(entry, &was, keep_ad ? new | (was & PTE_AD) : new)) {
			*old = was;
			return true;
		}
		if (want)
			return false;
	}
	return false;
}

/* Same references as now: one exchange is all. Only from exactly the value that was compared. */
static bool entry_change_harmless(u64 *entry, u64 new, const u64 *want, bool keep_ad)
{
	u64 was = READ_ONCE(*entry);

	if ((want && was != *want) || !pte_change_harmless(was, new))
		return false;
	if (keep_ad)
		new |= was &PTE_AD;
	return atomic_cmpxchg(entry, &was, new);
}

/* pte_get_l1; a frame that is busy as a table may be one only until a tree that the guest dropped
 * is all given back. */
static int l1_references(u64 new, struct domain *d, struct domain *frame_owner)
{
	int r = pte_get_l1(new, d, frame_owner);

	if (unlikely(r == -EBUSY && frame_owner)) {
		r = pagetype_begin(frame_owner);
		if (!r)
			r = pte_get_l1(new, d, frame_owner);
	}
	return r;
}

int mmu_l1_write(u64 *entry, u64 new, const u64 *want, bool keep_ad, struct domain *d,
	struct domain *frame_owner)
{
	u64 old;
	int r;

	if (new &PTE_PRESENT) {
		if (unlikely(!pte_flags_ok(1, new)))
			return fail(EINVAL);
		new = pte_adjust(1, new);
		if (entry_change_harmless(entry, new, want, keep_ad))
			return 0;
		r = l1_references(new, d, frame_owner);
		if (unlikely(r))
			return r;
	}
	if (unlikely(!entry_exchange(entry, new, want, keep_ad && (new &PTE_PRESENT), &old))) {
		pte_put_l1(new, d);
		return fail(EAGAIN);
	}
	pte_put_l1(old, d);
	return 0;
}

/* An entry of an L2..L4. */
static int table_write(u64 *entry, u64 new, bool keep_ad, enum pagetype type, struct domain *d)
{
	enum pagetype below = type - 1;
	u64 old;
	int r = pagetype_begin(d);

	if (r)
		return r;
	if (new &PTE_PRESENT) {
		if (!pte_flags_ok(pt_level(type), new))
			return fail(EINVAL);
		new = pte_adjust(pt_level(type), new);
		if (entry_change_harmless(entry, new, NULL, keep_ad))
			return 0;
		r = pagetype_page_get(pte_mfn(new), below, d);
		if (r)
			return r;
	}
	if (!entry_exchange(entry, new, NULL, keep_ad && (new &PTE_PRESENT), &old)) {
		if (new &PTE_PRESENT)
			pagetype_page_put(page_of(pte_mfn(new)));
		return fail(EAGAIN);
	}
	if (old & PTE_PRESENT)
		pagetype_page_put(page_of(pte_mfn(old)));
	return 0;
}

/* The page is no table now: a plain write, to memory that the guest may write anyway. */
static int plain_write(struct page *p, u64 *word, u64 val, struct domain *d)
{
	int r = pagetype_get_writable(p, false);

	if (unlikely(r == -EINVAL)) {
		r = pagetype_begin(d);
		if (!r)
			r = pagetype_get_writable(p, false);
	}
	if (r)
		return r;
	WRITE_ONCE(*word, val);
	pagetype_put(p);
	return 0;
}

static int pte_update(
	u64 ptr, u64 val, bool keep_ad, struct domain *pt_owner, struct domain *frame_owner)
{
	mfn_t m = mfn(ptr >> PAGE_SHIFT);
	unsigned index = (ptr & ~PAGE_MASK) / 8;
	enum pagetype type;
	struct page *p;
	u64 *entry;
	int r;

	if (unlikely((ptr & 7) || !frame_valid(m) || !page_get(page_of(m), pt_owner)))
		return fail(EINVAL);
	p = page_of(m);
	entry = (u64 *)frame_map(m) + index;
	if (!pagetype_get_table(p, &type)) {
		r = plain_write(p, entry, val, pt_owner);
		page_put(p);
		return r;
	}
	if (likely(type == PT_L1))
		r = mmu_l1_write(entry, val, NULL, keep_ad, pt_owner, frame_owner);
	else if (pte_is_hv_slot(pt_level(type), index))
		r = fail(EINVAL);
	else
		r = table_write(entry, val, keep_ad, type, pt_owner);
	pagetype_page_put(p);
	return r;
}

/* d owns the frame; NULL (DOMID_IO) owns none that has an entry. */
static int m2p_update(u64 ptr, u64 pfn, struct domain *d)
{
	mfn_t m = mfn(ptr >> PAGE_SHIFT);

	if (!d || !frame_valid(m) || !page_get(page_of(m), d))
		return fail(EINVAL);
	m2p_set(m, pfn);
	page_put(page_of(m));
	return 0;
}

int mmu_update_one(u64 ptr, u64 val, struct domain *pt_owner, struct domain *frame_owner)
{
	unsigned op = ptr & 3;

	ptr &= ~3ull;
	if (op == MMU_MACHPHYS_UPDATE)
		return m2p_update(ptr, val, frame_owner);
	return pte_update(ptr, val, op == MMU_PT_UPDATE_PRESERVE_AD, pt_owner, frame_owner);
}

/* ---- update_va_mapping ---- */

static __attribute__((noinline)) int uvm_flush_some(struct domain *d, u64 va, u64 type, u64 where)
{
	u64 bitmap[MAX_VCPUS / 64];
	struct cpumask cpus = { 0 };

	if (where == UVMF_LOCAL) {
		cpumask_set(&cpus, cpu_id());
	} else if (where == UVMF_ALL) {
		cpus = pv_of(d)->dirty_cpus;
	} else {
		if (guest_copy_in(bitmap, where, round_up(d->max_vcpus, 64) / 8))
			return fail(EFAULT);
		mmu_vcpu_cpus(d, bitmap, &cpus);
	}
	if (type == UVMF_TLB_FLUSH)
		tlb_flush(&cpus);
	else if (type == UVMF_INVLPG)
		tlb_flush_va(&cpus, va);
	return 0;
}

static int uvm_flush(struct domain *d, u64 va, u64 flags)
{
	const u64 type = flags & UVMF_FLUSHTYPE_MASK;

	if (type == UVMF_NONE)
		return 0;
	if (flags != (UVMF_INVLPG | UVMF_LOCAL))
		return uvm_flush_some(d, va, type, flags & ~UVMF_FLUSHTYPE_MASK);
	/* What a kernel does all the time needs no sets of CPUs. */
	tlb_flush_va_local(va);
	return 0;
}

int mmu_update_va(u64 va, u64 val, u64 flags, struct domain *frame_owner)
{
	struct vcpu *v = current_vcpu();
	struct page *l1;
	u64 *entry;
	int r;

	l1 = mmu_l1_get(v, va, &entry);
	if (!l1)
		return fail(EINVAL);
	r = mmu_l1_write(entry, val, NULL, false, v->domain, frame_owner);
	mmu_l1_put(l1);
	return r ? r : uvm_flush(v->domain, va, flags);
}
