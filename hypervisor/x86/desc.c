/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GDT, LDT, TSS and IDT (SDM vol. 3, 3.5, 7.2, 6.10). The GDT is read through its window in the CPU
 * area; its page 14 is mapped read-only there and written by its direct map alias. The TSS stands
 * at the bottom of the lowest IST stack: the CPU only reads it. The state of a CPU's windows
 * belongs to that CPU.
 */
#include "x86/desc.h"
#include "lib/check.h"
#include "lib/string.h"
#include "x86/asm.h"
#include "x86/percpu.h"
#include "x86/pgtable.h"
#include "x86/start.h"

#define RESERVED_BASE 0xe000 /* selector of page 14's first entry */
#define HV_LDT	      0xe050

struct packed tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_bitmap;
};

struct packed gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

extern const struct trap_gate {
	u64 stub;
	u8 vector, ist, dpl, unused;
	u32 unused2;
} trap_gates[], trap_gates_end[]; /* entry.S */
extern const char irq_stubs[];

static struct gate idt[256] aligned(4096) ro_after_boot;
static char zero_page[PAGE_SIZE] aligned(4096) __attribute__((section(".bss.page")));
static struct {
	u32 ldt_entries;
} state[NR_CPUS]; /* own CPU only */

static void gate_set(unsigned vector, u64 stub, u8 ist, u8 dpl)
{
	idt[vector] = (struct gate){
		.offset_low = (u16)stub,
		.selector = HV_CS,
		.ist = ist,
		.type = 0x8e | dpl << 5, /* present interrupt gate */
		.offset_mid = (u16)(stub >> 16),
		.offset_high = (u32)(stub >> 32),
	};
}

void idt_init(void)
{
	for (const struct trap_gate *g = trap_gates; g < trap_gates_end; g++)
		gate_set(g->vector, g->stub, g->ist, g->dpl);
	for (unsigned v = 32; v < 256; v++)
		gate_set(v, (u64)irq_stubs + (v - 32) * 16, 0, 0);
	/* Until this CPU has its TSS no gate may ask for an IST stack: desc_cpu_init of the boot
	 * CPU puts them in. */
	for (unsigned v = 0; v < 32; v++)
		idt[v].ist = 0;
	lidt((u64)idt, sizeof(idt) - 1);
}

static void idt_use_ist(void)
{
	for (const struct trap_gate *g = trap_gates; g < trap_gates_end; g++)
		idt[g->vector].ist = g->ist;
}

static u64 *reserved_page(unsigned cpu)
{
	return (u64 *)(DIRECTMAP_START + percpu_frames(cpu) + PAGE_SIZE);
}

/* A system descriptor of 16 bytes: TSS or LDT. */
static void set_system(u64 *page, u16 sel, u64 base, u32 limit, u8 type)
{
	u64 *e = &page[(sel - RESERVED_BASE) / 8];

	e[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (u64)(0x80 | type) << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	e[1] = base >> 32;
}

static void set_segment(u64 *page, u16 sel, u64 descriptor)
{
	page[((sel & ~7u) - RESERVED_BASE) / 8] = descriptor;
}

static u64 zero_page_frame(void)
{
	return ((u64)zero_page - HV_TEXT_START + IMAGE_PHYS) >> PAGE_SHIFT;
}

static void fill_gdt(unsigned cpu)
{
	u64 *page = reserved_page(cpu);

	set_segment(page, HV_CS, 0x00af9b000000ffff);
	set_segment(page, HV_DS, 0x00cf93000000ffff);
	set_segment(page, FLAT_RING3_CS32, 0x00cffb000000ffff);
	set_segment(page, FLAT_RING3_SS32, 0x00cff3000000ffff);
	set_segment(page, FLAT_RING3_CS64, 0x00affb000000ffff);
	set_system(page, HV_TSS, percpu_stack(cpu), sizeof(struct tss) - 1, 0x9);
}

static void fill_tss(unsigned cpu)
{
	struct tss *tss = (struct tss *)(DIRECTMAP_START + percpu_stack_page(cpu, 0));

	tss->rsp[0] = (u64)&percpu_block(cpu)->current; /* just above cpu_block.guest */
	for (unsigned i = 0; i < 4; i++)
		tss->ist[i] = percpu_stack(cpu) + (i + 1) * PAGE_SIZE;
	tss->io_bitmap = sizeof(*tss); /* beyond the limit: no port for ring 3 */
}

static void window_set(unsigned page, u64 frame, u64 flags)
{
	u64 *l1 = pgtable_cpu_l1(cpu_id());

	WRITE_ONCE(l1[page], frame == INVALID_MFN_RAW ? 0 : frame << PAGE_SHIFT | flags);
}

/* Guest's descriptor pages: the CPU may set accessed bits, so they are writable in the window, as
 * guests expect. */
#define WINDOW_GUEST (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define WINDOW_OWN   (PTE_P | PTE_A | PTE_NX)

void cpu_gdt_window_set(unsigned index, u64 frame)
{
	BUG_ON(index >= GUEST_GDT_PAGES);
	if (frame == INVALID_MFN_RAW)
		window_set(CPU_GDT_OFF / PAGE_SIZE + index, zero_page_frame(), WINDOW_OWN);
	else
		window_set(CPU_GDT_OFF / PAGE_SIZE + index, frame, WINDOW_GUEST);
}

void cpu_ldt_window_set(unsigned index, u64 frame)
{
	BUG_ON(index >= LDT_PAGES);
	window_set(CPU_LDT_OFF / PAGE_SIZE + index, frame, WINDOW_GUEST);
}

void cpu_gdt_window_set_now(unsigned index, u64 frame)
{
	cpu_gdt_window_set(index, frame);
	invlpg(CPU_AREA_START + cpu_id() * (u64)CPU_AREA_SIZE + CPU_GDT_OFF + index * PAGE_SIZE);
}

void cpu_ldt_window_set_now(unsigned index, u64 frame)
{
	cpu_ldt_window_set(index, frame);
	invlpg(cpu_ldt_window(cpu_id()) + index * PAGE_SIZE);
}

void cpu_ldt_load(unsigned entries)
{
	unsigned cpu = cpu_id();

	if (state[cpu].ldt_entries == entries && !entries)
		return;
	state[cpu].ldt_entries = entries;
	if (entries)
		set_system(reserved_page(cpu), HV_LDT, cpu_ldt_window(cpu), entries * 8 - 1, 0x2);
	lldt(entries ? HV_LDT : 0);
}

static void reload_segments(void)
{
	asm volatile("pushq %0\n\tlea 1f(%%rip), %%rax\n\tpush %%rax\n\tlretq\n1:\n\t"
		     "mov %1, %%ss\n\tmov %2, %%ds\n\tmov %2, %%es\n\tmov %2, %%fs\n\tmov %2, %%gs"
		     :
		     : "i"(HV_CS), "r"(HV_DS), "r"(0)
		     : "rax", "memory");
}

void desc_cpu_init(unsigned cpu)
{
	u64 *l1 = pgtable_cpu_l1(cpu),
	    gdt = CPU_AREA_START + cpu * (u64)CPU_AREA_SIZE + CPU_GDT_OFF;

	fill_gdt(cpu);
	fill_tss(cpu);
	for (unsigned i = 0; i < 16; i++)
		l1[i] = zero_page_frame() << PAGE_SHIFT | WINDOW_OWN;
	l1[GUEST_GDT_PAGES] = (percpu_frames(cpu) + PAGE_SIZE) | WINDOW_GUEST;
	lgdt(gdt, 16 * PAGE_SIZE - 1);
	reload_segments();
	ltr(HV_TSS); /* marks it busy, the only write */
	lldt(0);
	l1[GUEST_GDT_PAGES] = (percpu_frames(cpu) + PAGE_SIZE) | WINDOW_OWN;
	invlpg(gdt + GUEST_GDT_PAGES * PAGE_SIZE);
	if (cpu == 0)
		idt_use_ist();
	lidt((u64)idt, sizeof(idt) - 1);
}
