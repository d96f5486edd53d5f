// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * physdev_op: IOPL and port bitmap are everybody's own, interrupts and devices are dom0's; a domU
 * gets EPERM or ENODEV for them. I/O ports stay closed to a domU whatever it sets (SECURITY C11,
 * C25).
 */
#include "test.h"

static int in(u8 *value)
{
	volatile u8 got = 0;
	int vector = TRAP(asm volatile("inb $0x64, %%al; movb %%al, %0" : "=m"(got)::"rax"));

	*value = got;
	return vector;
}

CHILD_TEST(physdev_ops, "physdev operations of a domU")
{
	static u8 bitmap[8192];
	struct physdev_set_iopl iopl = { 3 };
	struct physdev_set_iobitmap io = { .nr_ports = 65536 };
	struct physdev_irq_status_query query = { .irq = 1 };
	struct physdev_apic apic = { 0 };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 1, .pirq = 1
	};
	struct physdev_pci_device device = { 0 };
	u8 value;

	fact("set_iopl 3", "%ld", HC(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	CHECK_EQ(in(&value), NO_TRAP);
	fact("in with IOPL 3", "%x", value);
	fact("cli with IOPL 3", "%s", trap_name(TRAP(asm volatile("cli"))));
	fact("mask", "%u", vcpu_self()->info->evtchn_upcall_mask);
	fact("sti with IOPL 3", "%s", trap_name(TRAP(asm volatile("sti"))));
	fact("mask", "%u", vcpu_self()->info->evtchn_upcall_mask);
	upcalls_disable();
	iopl.iopl = 0;
	CHECK_EQ(HC(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	set_xen_guest_handle(io.bitmap, bitmap);
	fact("set_iobitmap", "%ld", HC(physdev_op, PHYSDEVOP_set_iobitmap, &io));
	fact("in with an open bitmap", "%s", trap_name(in(&value)));
	CHECK_EQ(value, 0xff);
	io.nr_ports = 65537;
	fact("set_iobitmap of 65537", "%ld", HC(physdev_op, PHYSDEVOP_set_iobitmap, &io));
	io.nr_ports = 0;
	CHECK_EQ(HC(physdev_op, PHYSDEVOP_set_iobitmap, &io), 0);
	fact("irq_status_query", "%ld", HC(physdev_op, PHYSDEVOP_irq_status_query, &query));
	fact("apic_read", "%ld", HC(physdev_op, PHYSDEVOP_apic_read, &apic));
	fact("map_pirq", "%ld", HC(physdev_op, PHYSDEVOP_map_pirq, &map));
	fact("pci_device_add", "%ld", HC(physdev_op, PHYSDEVOP_pci_device_remove, &device));
	fact("unknown", "%ld", HC(physdev_op, 99, &device));
}
