// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The failsafe callback (PV-ABI fact 11): a data selector of the guest can no longer be loaded when
 * its vcpu gets a CPU again, here because it took the descriptor away and then was moved to another
 * CPU. The frame has ds, es, fs, gs between r11 and rip; the register that failed is null when the
 * callback runs.
 */
#include "test.h"

static void move_to(u32 cpu)
{
	u8 map = 1 << cpu;
	struct xen_domctl d = { .cmd = XEN_DOMCTL_setvcpuaffinity,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION };

	d.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	d.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	set_xen_guest_handle(d.u.vcpuaffinity.cpumap_hard.bitmap, &map);
	CHECK_EQ(HC(domctl, &d), 0);
	for (int i = 0; i < 10; i++)
		HC(sched_op, SCHEDOP_yield, NULL);
}

TEST(trap_failsafe, "a data segment that vanished gives the failsafe callback")
{
	u64 *gdt = page_alloc();
	xen_pfn_t frame = virt_to_mfn(gdt);
	int vector;
	u16 ds;

	gdt[2] = 0x00cff3000000fffful;
	gdt[3] = 0x00cff3000000fffful;
	CHECK_EQ(page_set_flags(gdt, PTE_RO), 0);
	CHECK_EQ(HC(set_gdt, &frame, 512), 0);
	move_to(0);
	asm volatile("movw %0, %%ds; movw %1, %%es" ::"r"((u16)0x13), "r"((u16)0x1b));
	vector = TRAP(HC(update_descriptor, (frame << PAGE_SHIFT) + 16, 0); move_to(1); move_to(0));
	asm volatile("movw %%ds, %0; movw %1, %%ds; movw %1, %%es" : "=r"(ds) : "r"((u16)0));
	fact("entry", "%s", trap_name(vector));
	fact("frame", "ds %x es %x fs %x gs %x cs %x", caught()->ds, caught()->es, caught()->fs,
		caught()->gs, caught()->cs);
	fact("ds then", "%x", ds);
	CHECK_EQ(HC(set_gdt, NULL, 0), 0);
	CHECK_EQ(vector, ENTRY_FAILSAFE);
	CHECK_EQ(caught()->ds, 0x13);
	CHECK_EQ(caught()->es, 0x1b);
}
