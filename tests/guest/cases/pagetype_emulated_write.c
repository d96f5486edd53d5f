// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's own write to an entry of an L1 in use faults and is carried out for it, validated like
 * mmu_update (PV-ABI fact 17): mov of 8 bytes, xchg, cmpxchg, lock btr, and partial writes. A write
 * that the page-type rules refuse comes back as the #PF it would have been. Writes to tables of the
 * other levels are not emulated. cmpxchg fails when the entry is not what the guest thinks.
 */
#include "test.h"

static u64 *entry, *data, *l1;
static const u64 va = SCRATCH + (7ul << 30);

static u64 get(void)
{
	return READ_ONCE(*entry) &
	       ~(PTE_A | PTE_D | PTE_G); /* G: the hypervisor's, on user pages */
}

static bool exchange(u64 old, u64 new)
{
	u8 ok;

	asm volatile("lock cmpxchgq %3, %1; sete %0"
		     : "=q"(ok), "+m"(*entry), "+a"(old)
		     : "r"(new)
		     : "memory");
	return ok;
}

static void accepted(void)
{
	u64 mapped = MAKE_PTE(virt_to_mfn(data), PTE_P | PTE_RW | PTE_US);
	u64 old = mapped;

	fact("mov, empty to present", "%s", trap_name(TRAP(WRITE_ONCE(*entry, mapped))));
	CHECK_EQ(get(), mapped);
	fact("xchg to empty", "%s",
		trap_name(TRAP(asm volatile("xorl %%eax, %%eax; xchgq %%rax, %0"
					    : "+m"(*entry)::"rax", "memory"))));
	CHECK_EQ(*entry, 0);
	CHECK_EQ(TRAP(CHECK(exchange(0, mapped))), NO_TRAP);
	CHECK_EQ(get(), mapped);
	CHECK_EQ(TRAP(CHECK(!exchange(0x1234, 0))), NO_TRAP);
	CHECK_EQ(get(), mapped);
	*(volatile u64 *)va = 1;
	old = READ_ONCE(*entry);
	fact("A and D after a write", "%lx", old & (PTE_A | PTE_D));
	fact("lock btr of RW", "%s",
		trap_name(TRAP(asm volatile("lock btrq $1, %0"
					    : "+m"(*entry)::"memory"))));
	CHECK_EQ(get(), mapped & ~PTE_RW);
	fact("32-bit write of the low half", "%s",
		trap_name(TRAP(WRITE_ONCE(*(u32 *)entry, (u32)mapped))));
	fact("result", "%lx", get() ^ mapped);
	fact("8-bit write of 0", "%s", trap_name(TRAP(WRITE_ONCE(*(u8 *)entry, 0))));
	fact("result", "%lx", get() & 0xfff);
	CHECK_EQ(TRAP(WRITE_ONCE(*entry, 0)), NO_TRAP);
}

static void refused(void)
{
	fact("writable entry for a page table", "%s",
		trap_name(TRAP(WRITE_ONCE(*entry, MAKE_PTE(virt_to_mfn(l1), PTE_TABLE)))));
	fact("error code", "%lx", caught()->error);
	CHECK_EQ(*entry, 0);
	fact("no such frame", "%s",
		trap_name(TRAP(WRITE_ONCE(*entry, MAKE_PTE(1ul << 38, PTE_RO)))));
	CHECK_EQ(*entry, 0);
	fact("L2 entry", "%s",
		trap_name(TRAP(
			WRITE_ONCE(*(u64 *)mfn_to_virt(pte_address(va, 2) >> PAGE_SHIFT), 0))));
	fact("L4 entry", "%s", trap_name(TRAP(WRITE_ONCE(*(u64 *)start_info->pt_base, 0))));
}

TEST(pagetype_emulated_write, "direct writes to a live L1 are emulated and validated")
{
	data = page_alloc();
	CHECK_EQ(map_page(va, 0), 0);
	l1 = mfn_to_virt(pte_address(va, 1) >> PAGE_SHIFT);
	entry = (u64 *)((u64)l1 + (pte_address(va, 1) & ~PAGE_MASK));
	accepted();
	refused();
}
