// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page pool, p2m and page-table helpers; see memory.h. Page tables of the running domain are always
 * reachable through their home mapping (read-only), so walking needs no window.
 */
#include "memory.h"
#include "child.h"
#include "test.h"

#define POOL_PAGES 8192

struct start_info *start_info;
struct shared_info *shared_info;
static u64 shared_page[512] page_aligned;
static u64 *p2m;
static u64 boot_next, boot_end; /* pfns mapped by the domain builder and free */
static u64 pool_first, pool_next, pool_end;

#define L4_INDEX(va)	 (((va) >> 39) & 511)
#define INDEX(va, level) (((va) >> (12 + 9 * ((level)-1))) & 511)

static void *pfn_to_virt(u64 pfn)
{
	if (pool_end && pfn >= pool_first)
		return (void *)(POOL_BASE + ((pfn - pool_first) << PAGE_SHIFT));
	return (void *)(VIRT_BASE + (pfn << PAGE_SHIFT));
}

u64 virt_to_pfn(const void *page)
{
	u64 va = (u64)page;

	if (va >= VIRT_BASE)
		return (va - VIRT_BASE) >> PAGE_SHIFT;
	return pool_first + ((va - POOL_BASE) >> PAGE_SHIFT);
}

u64 pfn_to_mfn(u64 pfn)
{
	return p2m[pfn];
}

void p2m_set(u64 pfn, u64 mfn)
{
	p2m[pfn] = mfn;
}

u64 virt_to_mfn(const void *page)
{
	return p2m[virt_to_pfn(page)];
}

u64 mfn_to_pfn(u64 mfn)
{
	volatile u64 pfn = ~0ul;

	TRAP(pfn = READ_ONCE(machine_to_phys_mapping[mfn]));
	return pfn;
}

void *mfn_to_virt(u64 mfn)
{
	return pfn_to_virt(READ_ONCE(machine_to_phys_mapping[mfn]));
}

void *page_alloc(void)
{
	void *page;

	if (boot_next < boot_end)
		page = pfn_to_virt(boot_next++);
	else if (pool_next < pool_end)
		page = pfn_to_virt(pool_next++);
	else
		test_fail(__FILE__, __LINE__, "out of pages");
	return memset(page, 0, PAGE_SIZE);
}

void *pages_alloc(unsigned int n)
{
	void *first;

	if (boot_end - boot_next < n)
		boot_next = boot_end;
	first = page_alloc();
	for (unsigned int i = 1; i < n; i++)
		page_alloc();
	return first;
}

u64 l4_mfn(void)
{
	return virt_to_mfn((void *)start_info->pt_base);
}

u64 pte_address(u64 va, int level)
{
	u64 *table = (u64 *)start_info->pt_base;

	for (int l = 4;; l--) {
		u64 *entry = &table[INDEX(va, l)];

		if (l > level && !(*entry & PTE_P))
			return 0;
		if (l == level)
			return virt_to_mfn((void *)((u64)entry & PAGE_MASK)) << PAGE_SHIFT |
			       ((u64)entry & ~PAGE_MASK);
		table = mfn_to_virt(PTE_FRAME(*entry));
	}
}

u64 pte_read(u64 va, int level)
{
	u64 address = pte_address(va, level);

	return address ? *(u64 *)((u64)mfn_to_virt(address >> PAGE_SHIFT) + (address & ~PAGE_MASK))
		       : 0;
}

long pte_write(u64 machine_address, u64 value)
{
	struct mmu_update u = { machine_address, value };

	return HC(mmu_update, &u, 1, NULL, DOMID_SELF);
}

long va_write(const void *va, u64 pte)
{
	return HC(update_va_mapping, va, pte, UVMF_INVLPG | UVMF_ALL);
}

long page_set_flags(const void *page, u64 flags)
{
	return va_write(page, MAKE_PTE(virt_to_mfn(page), flags));
}

long mmuext_op(struct mmuext_op op)
{
	return HC(mmuext_op, &op, 1, NULL, DOMID_SELF);
}

long mmuext(unsigned int command, u64 mfn)
{
	return mmuext_op((struct mmuext_op){ .cmd = command, .arg1.mfn = mfn });
}

u64 *table_alloc(void)
{
	u64 *table = page_alloc();

	CHECK_EQ(page_set_flags(table, PTE_RO), 0);
	return table;
}

void table_set(u64 *table, unsigned int index, u64 value)
{
	CHECK_EQ(page_set_flags(table, PTE_RW_DATA), 0);
	table[index] = value;
	CHECK_EQ(page_set_flags(table, PTE_RO), 0);
}

u64 *l4_alloc(void)
{
	u64 *l4 = page_alloc();
	const u64 *from = (u64 *)start_info->pt_base;

	for (int i = 272; i < 512; i++)
		l4[i] = from[i];
	CHECK_EQ(page_set_flags(l4, PTE_RO), 0);
	return l4;
}

long map_page(u64 va, u64 pte)
{
	for (int level = 4; level > 1; level--) {
		long error;

		if (pte_read(va, level) & PTE_P)
			continue;
		error = pte_write(
			pte_address(va, level), MAKE_PTE(virt_to_mfn(table_alloc()), PTE_TABLE));
		if (error)
			return error;
	}
	return pte_write(pte_address(va, 1), pte);
}

/* The first pfn past everything that the builder packed behind the image; a child's memory is
 * mapped whole. */
static u64 end_of_boot_elements(void)
{
	u64 stack = start_info->pt_base + start_info->nr_pt_frames * PAGE_SIZE;

	return virt_to_pfn((void *)stack) + 1;
}

static void add_pool(void)
{
	u64 first = boot_end, count = start_info->nr_pages - boot_end;

	if (count > POOL_PAGES)
		count = POOL_PAGES;
	for (u64 i = 0; i < count; i++)
		CHECK_EQ(map_page(POOL_BASE + i * PAGE_SIZE, MAKE_PTE(p2m[first + i], PTE_RW_DATA)),
			0);
	pool_first = pool_next = first;
	pool_end = first + count;
}

void memory_init(struct start_info *si)
{
	start_info = si;
	p2m = (u64 *)si->mfn_list;
	shared_info = (struct shared_info *)shared_page;
	va_write(shared_page, si->shared_info | PTE_RW_DATA);
	boot_next = end_of_boot_elements();
	if (child_report) {
		boot_end = si->nr_pages;
		return;
	}
	/* The builder maps at least 512 KiB behind the stack, up to a 4 MiB boundary. */
	for (boot_end = boot_next; boot_end < si->nr_pages; boot_end++)
		if (!(pte_read(VIRT_BASE + (boot_end << PAGE_SHIFT), 1) & PTE_P))
			break;
	add_pool();
}
