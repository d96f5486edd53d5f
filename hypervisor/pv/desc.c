/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptor tables (PV-ABI 13, 14). A frame with descriptors that a CPU may use has type PT_DESC:
 * every entry passed desc_check and no guest can write it but through desc_update. The vcpu holds
 * the references of its GDT frames. LDT pages are looked up when a CPU first touches them (a fault
 * in the LDT window); those references belong to the CPU's window, cpu_ldt[], which only that CPU
 * changes, and go when it loads another vcpu or LDT.
 */
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/pagetype.h"
#include "pv/pte.h"
#include "x86/desc.h"
#include "x86/upcalls.h"

#define DESC_PRESENT   BIT(47)
#define DESC_SEGMENT   BIT(44) /* code or data, not a system type */
#define DESC_DPL       (3ul << 45)
#define DESC_TYPE(d)   ((d) >> 40 & 0xf)
#define TYPE_CALL_GATE 0xc

#define GDT_PAGES	 GUEST_GDT_PAGES
#define LDT_MAX_ENTRIES	 8192
#define ENTRIES_PER_PAGE 512

/* own CPU only */
static struct cpu_ldt {
	u32 frame[LDT_PAGES];
	u16 mapped;   /* pages whose frame[] holds references */
	u8 gdt_pages; /* guest pages that the GDT window shows */
} cpu_ldt[NR_CPUS];

bool desc_check(u64 *desc)
{
	u64 d = *desc;

	if (!(d & DESC_PRESENT))
		return true;
	if (d & DESC_SEGMENT) {
		*desc = d | DESC_DPL;
		return true;
	}
	if (DESC_TYPE(d) != TYPE_CALL_GATE)
		return false;
	*desc = d & ~DESC_DPL;
	return true;
}

bool desc_check_page(u64 *table)
{
	for (unsigned i = 0; i < ENTRIES_PER_PAGE; i++) {
		u64 desc = READ_ONCE(table[i]);
		u64 was = desc;

		if (!desc_check(&desc))
			return false;
		if (desc != was)
			WRITE_ONCE(table[i], desc);
	}
	return true;
}

/* ---- the GDT ---- */

static unsigned gdt_pages(u32 entries)
{
	return (entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE;
}

/* set is one of the window's two forms: a switch loads CR3 afterwards, other changes must forget
 * the old page themselves. */
static void gdt_show(const u64 *frames, u32 entries, void (*set)(unsigned index, u64 frame))
{
	struct cpu_ldt *cpu = &cpu_ldt[cpu_id()];
	unsigned pages = gdt_pages(entries), i;

	for (i = 0; i < pages; i++)
		set(i, frames[i]); /* cppcheck-suppress nullPointer ; without entries no pages */
	for (; i < cpu->gdt_pages; i++)
		set(i, INVALID_MFN_RAW);
	cpu->gdt_pages = pages;
}

static void gdt_put(const u64 *frames, unsigned pages)
{
	while (pages)
		pagetype_page_put(page_of(mfn(frames[--pages])));
}

int desc_set_gdt(struct vcpu *v, const u64 *frames, unsigned entries)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	unsigned pages = gdt_pages(entries), old_pages = gdt_pages(pv->gdt_entries);
	u64 old[GDT_PAGES];

	int rc = pagetype_begin(v->domain);

	if (rc)
		return rc;
	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return fail(EINVAL);
	for (unsigned i = 0; i < pages; i++) {
		int r = pagetype_page_get(mfn(frames[i]), PT_DESC, v->domain);

		if (r) {
			gdt_put(frames, i);
			return r;
		}
	}
	for (unsigned i = 0; i < old_pages; i++)
		old[i] = pv->gdt_frames[i];
	for (unsigned i = 0; i < pages; i++)
		pv->gdt_frames[i] = frames[i];
	pv->gdt_entries = entries;
	if (v == current_vcpu())
		gdt_show(pv->gdt_frames, pv->gdt_entries, cpu_gdt_window_set_now);
	gdt_put(old, old_pages);
	return 0;
}

void desc_drop_gdt(struct vcpu *v)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);
	unsigned pages = gdt_pages(pv->gdt_entries);

	pv->gdt_entries = 0;
	if (v == current_vcpu())
		gdt_show(pv->gdt_frames, pv->gdt_entries, cpu_gdt_window_set_now);
	gdt_put(pv->gdt_frames, pages);
}

int desc_update(struct domain *d, u64 machine_addr, u64 desc)
{
	mfn_t m = mfn(machine_addr >> PAGE_SHIFT);
	struct page *p;
	int r;

	if ((machine_addr & 7) || !frame_valid(m) || !desc_check(&desc))
		return fail(EINVAL);
	p = page_of(m);
	if (!page_get(p, d))
		return fail(EINVAL);
	if (pagetype_of(p) == PT_DESC)
		r = pagetype_get(p, PT_DESC, d);
	else
		r = pagetype_get_writable(p, false);
	if (!r) {
		WRITE_ONCE(*(u64 *)((char *)page_map(p) + (machine_addr & ~PAGE_MASK)), desc);
		pagetype_put(p);
	}
	page_put(p);
	return r;
}

/* ---- the LDT ---- */

/* Take the LDT pages out of this CPU's window; their references go to the caller in frame[], a bit
 * each in the result. */
static u16 ldt_take(u32 *frame)
{
	struct cpu_ldt *cpu = &cpu_ldt[cpu_id()];
	u16 mapped = cpu->mapped;

	for (unsigned i = 0; i < LDT_PAGES; i++) {
		if (!(mapped >> i & 1))
			continue;
		cpu_ldt_window_set_now(i, INVALID_MFN_RAW);
		frame[i] = cpu->frame[i];
	}
	cpu->mapped = 0;
	return mapped;
}

static void ldt_put(const u32 *frame, u16 mapped)
{
	for (unsigned i = 0; i < LDT_PAGES; i++)
		if (mapped >> i & 1)
			pagetype_page_put(page_of(mfn(frame[i])));
}

static void ldt_hide(void)
{
	u32 frame[LDT_PAGES];
	u16 mapped;

	if (likely(!cpu_ldt[cpu_id()].mapped))
		return;
	mapped = ldt_take(frame);
	ldt_put(frame, mapped);
}

int desc_set_ldt(struct vcpu *v, u64 base, u32 entries)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (entries > LDT_MAX_ENTRIES)
		return fail(EINVAL);
	if (entries && ((base & ~PAGE_MASK) || !guest_address_ok(base) ||
			       !guest_address_ok(base + entries * 8ul - 1)))
		return fail(EINVAL);
	if (pv->ldt_base == base && pv->ldt_entries == entries)
		return 0;
	pv->ldt_base = base;
	pv->ldt_entries = entries;
	if (v == current_vcpu()) {
		ldt_hide();
		cpu_ldt_load(entries);
	}
	return 0;
}

bool desc_ldt_offset(u64 va, u64 *offset)
{
	*offset = va - (CPU_AREA_START + (u64)cpu_id() * CPU_AREA_SIZE + CPU_LDT_OFF);
	return *offset < LDT_PAGES * PAGE_SIZE;
}

bool desc_ldt_fault(struct vcpu *v, u64 offset)
{
	const struct pv_vcpu *pv = pv_vcpu_of(v);
	struct cpu_ldt *cpu = &cpu_ldt[cpu_id()];
	unsigned page = offset >> PAGE_SHIFT;
	mfn_t frame;
	u64 flags;

	if (offset >= pv->ldt_entries * 8ul || (cpu->mapped >> page & 1))
		return false;
	if (!mmu_walk_kernel(v, pv->ldt_base + (u64)page * PAGE_SIZE, &frame, &flags))
		return false;
	if (pagetype_page_get(frame, PT_DESC, v->domain))
		return false;
	cpu->frame[page] = frame.n;
	cpu->mapped |= 1u << page;
	cpu_ldt_window_set_now(page, frame.n);
	return true;
}

struct ldt_taken {
	u32 frame[LDT_PAGES];
	u16 mapped;
};

static void ldt_take_call(void *arg)
{
	struct ldt_taken *taken = arg;

	taken->mapped = ldt_take(taken->frame);
}

void desc_invalidate_ldt(struct domain *d)
{
	unsigned cpu;

	for_each_cpu (cpu, &pv_of(d)->dirty_cpus) {
		struct ldt_taken taken;
		struct cpumask one = { 0 };

		if (!READ_ONCE(cpu_ldt[cpu].mapped))
			continue;
		cpumask_set(&one, cpu);
		cpu_call(&one, ldt_take_call, &taken);
		ldt_put(taken.frame, taken.mapped);
	}
}

/* Our own load of a guest's selector touched the LDT window. */
bool upcall_hv_fault(struct regs *regs, u64 cr2)
{
	u64 offset;

	return desc_ldt_offset(cr2, &offset) && desc_ldt_fault(current_vcpu(), offset);
}

/* ---- switching ---- */

void desc_load_windows(struct pv_vcpu *pv)
{
	ldt_hide();
	gdt_show(pv->gdt_frames, pv->gdt_entries, cpu_gdt_window_set);
	cpu_ldt_load(pv->ldt_entries);
}

void desc_unload_windows(void)
{
	ldt_hide();
	gdt_show(NULL, 0, cpu_gdt_window_set_now);
	cpu_ldt_load(0);
}
