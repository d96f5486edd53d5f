// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * set_gdt (PV-ABI facts 13, 14): up to 14 frames, which become descriptor pages: no writable
 * mapping may exist, each entry is validated, the hypervisor's own selectors 0xe023, 0xe02b, 0xe033
 * go on working. A refused call leaves the old table in place. Segments loaded from it work, LSL
 * shows the limit that the guest gave.
 */
#include "test.h"

static u64 limit_of(u16 selector)
{
	u64 limit = 0;
	u8 ok;

	asm volatile("lsl %2, %0; setz %1" : "+r"(limit), "=q"(ok) : "r"((u64)selector));
	return ok ? limit : ~0ul;
}

TEST(descriptor_gdt, "set_gdt: frames, validation, reserved selectors")
{
	u64 *gdt = page_alloc(), *bad = page_alloc();
	xen_pfn_t frames[16];

	for (int i = 0; i < 16; i++)
		frames[i] = virt_to_mfn(gdt);
	gdt[2] = 0x00cf92000000fffful;
	gdt[3] = 0x004092000000002aul | 1ul << 40;
	fact("while writable", "%ld", HC(set_gdt, frames, 512));
	CHECK_EQ(page_set_flags(gdt, PTE_RO), 0);
	fact("15 pages", "%ld", HC(set_gdt, frames, 15 * 512));
	fact("14 pages and one entry", "%ld", HC(set_gdt, frames, 14 * 512 + 1));
	fact("14 pages, one frame", "%ld", HC(set_gdt, frames, 14 * 512));
	CHECK_EQ(HC(set_gdt, frames, 512), 0);
	fact("flat data as stored", "%lx", gdt[2]);
	fact("small data as stored", "%lx", gdt[3]);
	CHECK_EQ(limit_of(3 * 8 + 3), 0x2a);
	CHECK_EQ(limit_of(2 * 8 + 3), 0xffffffff);
	fact("limit of e02b", "%lx", limit_of(FLAT_KERNEL_SS));
	fact("limit of e033", "%lx", limit_of(FLAT_KERNEL_CS));
	fact("limit of e023", "%lx", limit_of(FLAT_RING3_CS32));
	CHECK_EQ(TRAP(asm volatile("movw %%ax, %%ds; movw %%bx, %%ds" ::"a"(3 * 8 + 3), "b"(0))),
		NO_TRAP);
	CHECK_EQ(TRAP(asm volatile("movw %%ax, %%ds" ::"a"(5 * 8 + 3))), TRAP_GP);

	bad[7] = 0x0000890000000067ul;
	CHECK_EQ(page_set_flags(bad, PTE_RO), 0);
	frames[0] = virt_to_mfn(bad);
	fact("with a TSS in it", "%ld", HC(set_gdt, frames, 512));
	CHECK_EQ(limit_of(3 * 8 + 3), 0x2a);
	frames[0] = 1ul << 40;
	fact("no such frame", "%ld", HC(set_gdt, frames, 512));
	CHECK_EQ(limit_of(3 * 8 + 3), 0x2a);
	CHECK_EQ(HC(set_gdt, NULL, 0), 0);
	CHECK_EQ(limit_of(3 * 8 + 3), ~0ul);
	fact("bad pointer", "%ld", HC(set_gdt, UNMAPPED, 512));
}
