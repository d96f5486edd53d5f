/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domctls that give a domain the right to interrupts, I/O memory and ports, or take it. The control
 * domain gives only what it has.
 */
#include "hc/domctl.h"
#include "hc/hypercall.h"
#include "x86/irq.h"

#define PORTS 0x10000ull

static int set_right(struct rangeset **theirs, struct rangeset *ours, const char *name, u64 first,
	u64 last, bool allow)
{
	if (!rangeset_contains(ours, first, last))
		return fail(EPERM);
	if (!*theirs && !allow)
		return 0;
	if (!*theirs)
		*theirs = rangeset_new(name);
	if (!*theirs)
		return fail(ENOMEM);
	return allow ? rangeset_add(*theirs, first, last) : rangeset_remove(*theirs, first, last);
}

int domctl_irq_permission(struct domain *d, xen_domctl_t *op)
{
	u64 irq = op->u.irq_permission.pirq;

	if (irq >= NR_IRQS)
		return fail(EINVAL);
	return set_right(&d->irqs, current_domain()->irqs, "interrupts", irq, irq,
		op->u.irq_permission.allow_access);
}

int domctl_iomem_permission(struct domain *d, xen_domctl_t *op)
{
	u64 first = op->u.iomem_permission.first_mfn, last;

	if (!op->u.iomem_permission.nr_mfns ||
		__builtin_add_overflow(first, op->u.iomem_permission.nr_mfns - 1, &last))
		return fail(EINVAL);
	return set_right(&d->io_mem, current_domain()->io_mem, "I/O memory", first, last,
		op->u.iomem_permission.allow_access);
}

int domctl_ioport_permission(struct domain *d, xen_domctl_t *op)
{
	u64 first = op->u.ioport_permission.first_port, count = op->u.ioport_permission.nr_ports;

	if (!count)
		return 0;
	if (first + count > PORTS)
		return fail(EINVAL);
	return set_right(&d->io_ports, current_domain()->io_ports, "I/O ports", first,
		first + count - 1, op->u.ioport_permission.allow_access);
}
