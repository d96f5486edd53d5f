/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_physdev_op (<xen/physdev.h>): interrupts and devices for the control domain. A pirq
 * number is the interrupt's own number (x86/irq.h): GSIs below irq_gsi_count(), message-signalled
 * ones above. The right to use one is membership in d->irqs, which mapping adds and unmapping takes
 * away. I/O privilege level and bitmap are any guest's: they say what its own user mode may try.
 */
#include <xen/physdev.h>

#include "core/event.h"
#include "hc/hypercall.h"
#include "lib/lock.h"
#include "pv/pagetype.h"
#include "x86/irq.h"

#define PORTS 0x10000

static spinlock_t unmap_lock;

static long op_eoi(GUEST_PTR(void) arg)
{
	physdev_eoi_t eoi;

	if (guest_read(&eoi, arg))
		return -EFAULT;
	return event_pirq_eoi(current_domain(), eoi.irq);
}

static long op_status(GUEST_PTR(void) arg)
{
	physdev_irq_status_query_t query;

	if (guest_read(&query, arg))
		return -EFAULT;
	if (query.irq >= NR_IRQS)
		return fail(EINVAL);
	query.flags = event_pirq_needs_eoi(current_domain(), query.irq) ? XENIRQSTAT_needs_eoi : 0;
	return guest_write(arg, &query);
}

static long op_set_iopl(GUEST_PTR(void) arg)
{
	physdev_set_iopl_t set;

	if (guest_read(&set, arg))
		return -EFAULT;
	if (set.iopl > 3)
		return fail(EINVAL);
	pv_vcpu_of(current_vcpu())->iopl = (u8)set.iopl;
	return 0;
}

static long op_set_iobitmap(GUEST_PTR(void) arg)
{
	struct pv_vcpu *v = pv_vcpu_of(current_vcpu());
	physdev_set_iobitmap_t set;

	if (guest_read(&set, arg))
		return -EFAULT;
	if (set.nr_ports > PORTS)
		return fail(EINVAL);
	v->iobmp = GUEST_ADDR(set.bitmap);
	v->iobmp_limit = set.nr_ports;
	return 0;
}

static long op_eoi_gmfn(u32 cmd, GUEST_PTR(void) arg)
{
	struct domain *d = current_domain();
	physdev_pirq_eoi_gmfn_t gmfn;
	u64 *none = NULL;
	int ret;

	if (guest_read(&gmfn, arg))
		return -EFAULT;
	if (!d->pirq_port)
		return fail(EPERM);
	ret = pagetype_page_get(mfn(gmfn.gmfn), PT_WRITABLE, d);
	if (ret)
		return ret;
	if (!atomic_cmpxchg(&d->pirq_eoi_map, &none, (u64 *)frame_map(mfn(gmfn.gmfn)))) {
		pagetype_page_put(page_of(mfn(gmfn.gmfn)));
		return fail(EBUSY);
	}
	if (cmd == PHYSDEVOP_pirq_eoi_gmfn_v1)
		d->pirq_eoi_auto = true;
	return 0;
}

static int map_gsi(struct domain *d, physdev_map_pirq_t *map)
{
	if (map->index < 0 || (unsigned)map->index >= irq_gsi_count())
		return fail(EINVAL);
	if (map->pirq >= 0 && map->pirq != map->index)
		return fail(EINVAL);
	map->pirq = map->index;
	return rangeset_add(d->irqs, (u64)map->index, (u64)map->index);
}

static int map_msi(struct domain *d, physdev_map_pirq_t *map, unsigned segment, unsigned count)
{
	unsigned irq;
	int ret = msi_map(segment, (u8)map->bus, (u8)map->devfn, (unsigned)map->entry_nr,
		map->table_base, count);

	if (ret < 0)
		return ret;
	irq = (unsigned)ret;
	ret = rangeset_add(d->irqs, irq, irq + count - 1);
	if (ret) {
		for (unsigned i = 0; i < count; i++)
			msi_unmap(irq + i);
		return ret;
	}
	map->pirq = (int)irq;
	return 0;
}

static int map_one(struct domain *d, physdev_map_pirq_t *map)
{
	unsigned segment = (u32)map->bus >> 16;

	switch (map->type) {
	case MAP_PIRQ_TYPE_GSI: return map_gsi(d, map);
	case MAP_PIRQ_TYPE_MSI: return map_msi(d, map, 0, 1);
	case MAP_PIRQ_TYPE_MSI_SEG: return map_msi(d, map, segment, 1);
	case MAP_PIRQ_TYPE_MULTI_MSI:
		if (map->entry_nr < 1 || map->entry_nr > 32)
			return fail(EINVAL);
		return map_msi(d, map, segment, (unsigned)map->entry_nr);
	default: return fail(EINVAL);
	}
}

static long op_map_pirq(GUEST_PTR(void) arg)
{
	physdev_map_pirq_t map;
	struct domain *d;
	long ret;

	if (guest_read(&map, arg))
		return -EFAULT;
	ret = hc_domain_get(map.domid, &d);
	if (ret)
		return ret;
	/* a right to one interrupt is none to map others */
	ret = d->irqs && current_domain()->privileged ? map_one(d, &map) : fail(EPERM);
	domain_put(d);
	return ret ? ret : guest_write(arg, &map);
}

static long op_unmap_pirq(GUEST_PTR(void) arg)
{
	physdev_unmap_pirq_t unmap;
	struct domain *d;
	u64 irq;
	long ret;

	if (guest_read(&unmap, arg))
		return -EFAULT;
	ret = hc_domain_get(unmap.domid, &d);
	if (ret)
		return ret;
	irq = (u64)(s64)unmap.pirq;
	spin_lock(&unmap_lock); /* of two callers one has the right, and the number is free after it
				 */
	if (!rangeset_contains(d->irqs, irq, irq))
		ret = fail(EINVAL);
	else if (irq >= irq_gsi_count())
		ret = rangeset_remove(d->irqs, irq, irq);
	if (!ret && irq >= irq_gsi_count()) {
		event_pirq_unmapped((u32)irq);
		msi_unmap((unsigned)irq);
	}
	spin_unlock(&unmap_lock);
	domain_put(d);
	return ret;
}

static long op_setup_gsi(GUEST_PTR(void) arg)
{
	physdev_setup_gsi_t setup;

	if (guest_read(&setup, arg))
		return -EFAULT;
	if (setup.gsi < 0 || (unsigned)setup.gsi >= irq_gsi_count())
		return fail(EINVAL);
	return irq_setup_gsi((unsigned)setup.gsi, setup.triggering, setup.polarity);
}

static long op_apic_read(GUEST_PTR(void) arg)
{
	physdev_apic_t apic;
	long ret;

	if (guest_read(&apic, arg))
		return -EFAULT;
	ret = ioapic_guest_read(apic.apic_physbase, apic.reg, &apic.value);
	return ret ? ret : guest_write(arg, &apic);
}

static long op_irq_vector(GUEST_PTR(void) arg)
{
	physdev_irq_t irq;

	if (guest_read(&irq, arg))
		return -EFAULT;
	if (irq.irq >= irq_gsi_count())
		return fail(EINVAL);
	irq.vector = irq.irq; /* vectors are ours; the number only has to be unique */
	return guest_write(arg, &irq);
}

static long op_free_pirq(GUEST_PTR(void) arg)
{
	physdev_get_free_pirq_t get;
	struct domain *d = current_domain();
	u64 first;

	if (guest_read(&get, arg))
		return -EFAULT;
	first = get.type == MAP_PIRQ_TYPE_GSI ? 16 : irq_gsi_count();
	for (u64 irq = first; irq < NR_IRQS; irq++) {
		if (rangeset_contains(d->irqs, irq, irq))
			continue;
		get.pirq = (u32)irq;
		return guest_write(arg, &get);
	}
	return fail(ENOSPC);
}

static long op_msix(u32 cmd, GUEST_PTR(void) arg)
{
	physdev_pci_device_t dev;

	if (guest_read(&dev, arg))
		return -EFAULT;
	return msix_prepare(dev.seg, dev.bus, dev.devfn, cmd == PHYSDEVOP_release_msix);
}

static long op_device_add(GUEST_PTR(void) arg)
{
	struct {
		u16 seg;
		u8 bus, devfn;
	} dev; /* what all forms begin with, and all that matters here */

	if (guest_read(&dev, arg))
		return -EFAULT;
	return 0; /* nothing is kept of a device until its interrupts are mapped */
}

static long op_manage_add(GUEST_PTR(void) arg)
{
	physdev_manage_pci_t dev;

	if (guest_read(&dev, arg))
		return -EFAULT;
	return 0;
}

static long op_readable(GUEST_PTR(void) arg, u64 bytes)
{
	u8 device[sizeof(physdev_pci_mmcfg_reserved_t)];

	return guest_in(device, arg.addr, 0, min(bytes, sizeof(device)), 1);
}

static bool device_op_known(u32 cmd)
{
	static const u64 known =
		BIT(PHYSDEVOP_setup_gsi) | BIT(PHYSDEVOP_apic_read) | BIT(PHYSDEVOP_apic_write) |
		BIT(PHYSDEVOP_alloc_irq_vector) | BIT(PHYSDEVOP_free_irq_vector) |
		BIT(PHYSDEVOP_get_free_pirq) | BIT(PHYSDEVOP_prepare_msix) |
		BIT(PHYSDEVOP_release_msix) | BIT(PHYSDEVOP_pci_device_add) |
		BIT(PHYSDEVOP_manage_pci_add) | BIT(PHYSDEVOP_manage_pci_add_ext) |
		BIT(PHYSDEVOP_pci_device_remove) | BIT(PHYSDEVOP_manage_pci_remove) |
		BIT(PHYSDEVOP_pci_mmcfg_reserved) | BIT(PHYSDEVOP_dbgp_op);

	return cmd < 64 && known >> cmd & 1;
}

/* What only the control domain may ask. */
static long device_op(u32 cmd, GUEST_PTR(void) arg)
{
	switch (cmd) {
	case PHYSDEVOP_setup_gsi: return op_setup_gsi(arg);
	case PHYSDEVOP_apic_read: return op_apic_read(arg);
	case PHYSDEVOP_apic_write:
		return op_readable(arg, sizeof(physdev_apic_t)); /* the I/O APICs are ours */
	case PHYSDEVOP_alloc_irq_vector: return op_irq_vector(arg);
	case PHYSDEVOP_free_irq_vector: return op_readable(arg, sizeof(physdev_irq_t));
	case PHYSDEVOP_get_free_pirq: return op_free_pirq(arg);
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix: return op_msix(cmd, arg);
	case PHYSDEVOP_pci_device_add: return op_device_add(arg);
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_add_ext: return op_manage_add(arg);
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_manage_pci_remove: return op_readable(arg, sizeof(physdev_manage_pci_t));
	case PHYSDEVOP_pci_mmcfg_reserved:
		return op_readable(arg, sizeof(physdev_pci_mmcfg_reserved_t));
	default: return fail(ENODEV); /* PHYSDEVOP_dbgp_op: we use no USB debug port */
	}
}

long hc_physdev_op(u32 cmd, GUEST_PTR(void) arg)
{
	switch (cmd) {
	case PHYSDEVOP_eoi: return op_eoi(arg);
	case PHYSDEVOP_irq_status_query: return op_status(arg);
	case PHYSDEVOP_set_iopl: return op_set_iopl(arg);
	case PHYSDEVOP_set_iobitmap: return op_set_iobitmap(arg);
	case PHYSDEVOP_pirq_eoi_gmfn_v1:
	case PHYSDEVOP_pirq_eoi_gmfn_v2: return op_eoi_gmfn(cmd, arg);
	case PHYSDEVOP_map_pirq: return op_map_pirq(arg);
	case PHYSDEVOP_unmap_pirq: return op_unmap_pirq(arg);
	default:
		if (!device_op_known(cmd))
			return hc_unknown(__HYPERVISOR_physdev_op, cmd);
		return current_domain()->privileged ? device_op(cmd, arg) : fail(EPERM);
	}
}

long hc_physdev_op_compat(GUEST_PTR(physdev_op_t) op)
{
	u32 cmd;

	if (guest_in(&cmd, op.addr, 0, sizeof(cmd), 1))
		return -EFAULT;
	switch (cmd) {
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY: return fail(ENOSYS);
	case PHYSDEVOP_irq_status_query:
	case PHYSDEVOP_set_iopl:
	case PHYSDEVOP_set_iobitmap:
	case PHYSDEVOP_apic_read:
	case PHYSDEVOP_apic_write:
	case PHYSDEVOP_alloc_irq_vector:
		return hc_physdev_op(cmd, as_ptr_void(op.addr + offsetof(physdev_op_t, u)));
	default: return hc_unknown(__HYPERVISOR_physdev_op_compat, cmd);
	}
}
