/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building our page tables (abi/config.h has the address map, docs/memory.md the picture). Rights:
 * nothing is writable and executable; text and constants are read-only in the direct map too. RAM
 * and ACPI's memory are in the direct map, device memory is not: that is what the IOMAP is for.
 * Everything but the CPU areas and the M2P is global. Tables come from memmap_alloc, for
 * machine_map from a reserve taken before the rest of memory went to the frame allocator.
 *
 * The two M2P slots share one L3: slot 256's L4 entry is user and read-only, slot 257's is ours and
 * writable.
 */
#include "x86/pgtable.h"
#include "lib/check.h"
#include "lib/lock.h"
#include "x86/asm.h"
#include "x86/boot_info.h"
#include "x86/cpu.h"
#include "x86/memmap.h"
#include "x86/percpu.h"
#include "x86/start.h"

#define LEVEL_SHIFT(level) (12 + 9 * ((level)-1))
#define LEVEL_SIZE(level)  (1ul << LEVEL_SHIFT(level))
#define TABLE		   (PTE_P | PTE_RW | PTE_A)
#define LEAF_DATA	   (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define LEAF_CONST	   (PTE_P | PTE_A | PTE_NX)
#define LEAF_TEXT	   (PTE_P | PTE_A)
#define LEAF_DEVICE	   (LEAF_DATA | PTE_PCD | PTE_PWT)
#define IOMAP_TABLES	   4
#define IOMAP_PAGES	   (IOMAP_TABLES * 512)

static u64 *l4 ro_after_boot;
static u64 cr3 ro_after_boot;
static u64 reserve, reserve_end; /* tables for machine_map; boot CPU */
static u64 iomap_l1[IOMAP_PAGES] aligned(4096) __attribute__((section(".bss.page")));
static spinlock_t iomap_lock;

static void *virt(u64 pa)
{
	return (void *)(DIRECTMAP_START + pa);
}

static u64 image_pa(const void *p)
{
	return (u64)p - HV_TEXT_START + IMAGE_PHYS;
}

static u64 table_new(void)
{
	if (!reserve)
		return memmap_alloc(PAGE_SIZE);
	if (reserve == reserve_end)
		panic("out of page tables for the hypervisor's own maps");
	reserve += PAGE_SIZE;
	return reserve - PAGE_SIZE;
}

/* The entry of `level` that maps va, with the tables above it made as needed. */
static u64 *entry_of(u64 va, unsigned level)
{
	u64 *table = l4;

	for (unsigned l = 4; l > level; l--) {
		u64 *e = &table[va >> LEVEL_SHIFT(l) & 511];

		if (!(*e & PTE_P))
			*e = table_new() | TABLE | (va < M2P_RW_START + LEVEL_SIZE(4) ? PTE_US : 0);
		BUG_ON(*e & PTE_PS);
		table = virt(*e & PTE_ADDR);
	}
	return &table[va >> LEVEL_SHIFT(level) & 511];
}

static bool level_fits(u64 va, u64 pa, u64 bytes, unsigned level)
{
	return !((va | pa) & (LEVEL_SIZE(level) - 1)) && bytes >= LEVEL_SIZE(level);
}

static void map(u64 va, u64 pa, u64 bytes, u64 flags, unsigned max_level)
{
	while (bytes) {
		unsigned level = max_level;

		while (level > 1 && !level_fits(va, pa, bytes, level))
			level--;
		*entry_of(va, level) = pa | flags | (level > 1 ? PTE_PS : 0);
		va += LEVEL_SIZE(level);
		pa += LEVEL_SIZE(level);
		bytes -= min(bytes, LEVEL_SIZE(level));
	}
}

static void map_image_part(const char *from, const char *to, u64 flags)
{
	map((u64)from, image_pa(from), to - from, flags | PTE_G, 1);
}

static void map_image(void)
{
	map_image_part(image_start, boot_text_end, LEAF_TEXT);
	map_image_part(boot_text_end, boot_end, LEAF_DATA);
	map_image_part(boot_end, text_end, LEAF_TEXT);
	map_image_part(text_end, rodata_end, LEAF_CONST);
	map_image_part(rodata_end, image_end, LEAF_DATA);
}

/* Map [start, end) at its direct map place, the image's constant part read-only. */
static void map_direct(u64 start, u64 end)
{
	u64 ro_start = image_pa(boot_end), ro_end = image_pa(rodata_end);
	unsigned level = cpu_features.page1g ? 3 : 2;

	if (start < ro_start && end > ro_end) {
		map(DIRECTMAP_START + start, start, ro_start - start, LEAF_DATA | PTE_G, level);
		map(DIRECTMAP_START + ro_start, ro_start, ro_end - ro_start, LEAF_CONST | PTE_G, 1);
		start = ro_end;
	}
	map(DIRECTMAP_START + start, start, end - start, LEAF_DATA | PTE_G, level);
}

static bool in_direct_map(const struct boot_range *r)
{
	return r->type == 1 || r->type == 3 || r->type == 4;
}

static void map_ram(void)
{
	u64 start = 0, end = 0;

	for (unsigned i = 0; i < boot_info.range_count; i++) {
		const struct boot_range *r = &boot_info.ranges[i];
		u64 from = r->start & PAGE_MASK, to = round_up(r->start + r->bytes, PAGE_SIZE);

		if (!in_direct_map(r) || to > DIRECTMAP_SIZE)
			continue;
		if (from > end || !end) {
			if (end)
				map_direct(start, end);
			start = from;
		}
		end = max(end, to);
	}
	map_direct(start, end);
}

static void map_iomap(void)
{
	for (unsigned i = 0; i < IOMAP_TABLES; i++)
		*entry_of(IOMAP_START + i * LEVEL_SIZE(2), 2) =
			image_pa(iomap_l1 + i * 512) | TABLE;
}

void pgtable_init(void)
{
	u64 pages = 16 + 3 * (memmap_top() >> 35);

	cr3 = memmap_alloc(PAGE_SIZE);
	l4 = virt(cr3);
	l4[M2P_RW_START >> 39 & 511] = memmap_alloc(PAGE_SIZE) | TABLE;
	l4[M2P_RO_START >> 39 & 511] = (l4[M2P_RW_START >> 39 & 511] & ~PTE_RW) | PTE_US;
	entry_of(FRAMETABLE_START, 3);
	entry_of(CPU_AREA_START, 2);
	map_image();
	map_iomap();
	map_ram();
	reserve = memmap_alloc(pages * PAGE_SIZE);
	reserve_end = reserve + pages * PAGE_SIZE;
	write_cr3(cr3);
}

void pgtable_seal(void)
{
	map_image_part(rodata_end, ro_after_boot_end, LEAF_CONST);
	for (const char *p = rodata_end; p < ro_after_boot_end; p += PAGE_SIZE)
		invlpg((u64)p);
}

void pgtable_drop_boot(void)
{
	for (const char *p = image_start; p < boot_end; p += PAGE_SIZE) {
		*entry_of((u64)p, 1) = 0;
		invlpg((u64)p);
	}
}

u64 pgtable_hv_l4e(unsigned slot)
{
	return slot - HV_FIRST_SLOT < HV_SLOTS ? l4[slot] : 0;
}

u64 pgtable_hv_cr3(void)
{
	return cr3;
}

void machine_map(u64 va, mfn_t first, u64 count, unsigned flags)
{
	u64 leaf = (flags & MAP_WRITE ? LEAF_DATA : LEAF_CONST) | PTE_G;

	if (va < M2P_RW_START + LEVEL_SIZE(4)) {
		/* Rights are in the slots' L4 entries. Not global: user mode has no slot 256, nor
		 * may the TLB keep it. */
		leaf = LEAF_DATA | PTE_US;
		va |= M2P_RW_START;
	}
	map(va, first.n << PAGE_SHIFT, count << PAGE_SHIFT, leaf, 2);
}

u64 *pgtable_cpu_l1(unsigned cpu)
{
	return virt(percpu_frames(cpu));
}

void pgtable_map_cpu(unsigned cpu)
{
	u64 *l1 = pgtable_cpu_l1(cpu);

	*entry_of(CPU_AREA_START + cpu * (u64)CPU_AREA_SIZE, 2) = percpu_frames(cpu) | TABLE;
	for (unsigned i = 0; i < STACK_SIZE / PAGE_SIZE; i++) {
		u64 pa = percpu_stack_page(cpu, i);

		l1[CPU_STACK_OFF / PAGE_SIZE + i] = pa ? pa | LEAF_DATA : 0;
	}
}

/* The first of `pages` free entries in a row, or IOMAP_PAGES. */
static unsigned iomap_find(unsigned pages)
{
	unsigned run = 0;

	for (unsigned i = 0; i < IOMAP_PAGES; i++) {
		run = iomap_l1[i] ? 0 : run + 1;
		if (run == pages)
			return i + 1 - pages;
	}
	return IOMAP_PAGES;
}

void *iomap(u64 pa, u64 bytes)
{
	u64 offset = pa & ~PAGE_MASK, pages = round_up(offset + bytes, PAGE_SIZE) >> PAGE_SHIFT;
	unsigned at;

	if (!pages || pages > IOMAP_PAGES || pa + bytes > PTE_ADDR)
		return NULL;
	spin_lock(&iomap_lock);
	at = iomap_find(pages);
	for (u64 i = 0; at < IOMAP_PAGES && i < pages; i++)
		iomap_l1[at + i] = ((pa & PAGE_MASK) + (i << PAGE_SHIFT)) | LEAF_DEVICE;
	spin_unlock(&iomap_lock);
	return at < IOMAP_PAGES ? (void *)(IOMAP_START + ((u64)at << PAGE_SHIFT) + offset) : NULL;
}

void iounmap(void *va, u64 bytes)
{
	static struct cpumask everywhere;
	u64 offset = (u64)va & ~PAGE_MASK, at = ((u64)va - IOMAP_START) >> PAGE_SHIFT;
	u64 pages = round_up(offset + bytes, PAGE_SIZE) >> PAGE_SHIFT;

	for (u64 i = 0; i < pages; i++) {
		u64 page = ((u64)va & PAGE_MASK) + (i << PAGE_SHIFT);

		iomap_l1[at + i] = PTE_RW; /* taken, not present, until nobody can have it cached */
		everywhere = cpu_online_map;
		tlb_flush_va(&everywhere, page);
		WRITE_ONCE(iomap_l1[at + i], 0);
	}
}
