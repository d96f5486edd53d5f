/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device interrupts as events: one domain binds an irq to a port of it; upcall_irq makes that port
 * pending. A level-triggered line stays masked in hardware until the guest's PHYSDEVOP_eoi. Locks:
 * d->event_lock, then irq_lock (the table of owners).
 */
#include "core/event.h"
#include "lib/alloc.h"
#include "lib/lock.h"
#include "x86/upcalls.h"

struct irq_owner {
	struct domain *domain; /* NULL: not bound */
	u32 port;
};

static spinlock_t irq_lock;
static struct irq_owner owners[NR_IRQS];

int event_bind_pirq(struct domain *d, u32 irq, u32 flags, u32 *port)
{
	int n;

	if (irq >= NR_IRQS || !d->pirq_port)
		return fail(EINVAL);
	irq = (u32)bounded(irq, NR_IRQS);
	spin_lock(&d->event_lock);
	if (d->dying)
		n = fail(EINVAL);
	else if (READ_ONCE(owners[irq].domain))
		n = fail(owners[irq].domain == d ? EEXIST : EBUSY);
	else
		n = event_port_new(d);
	if (n > 0) {
		struct evtchn *c = event_port(d, (u32)n);
		int rc;

		spin_lock(&irq_lock);
		owners[irq] = (struct irq_owner){ d, (u32)n };
		spin_unlock(&irq_lock);
		spin_lock(&c->lock);
		c->irq = irq;
		c->notify_vcpu = 0;
		c->state = ECS_PIRQ;
		spin_unlock(&c->lock);
		d->pirq_port[irq] = (u32)n;
		rc = irq_bind(irq);
		if (rc) {
			d->pirq_port[irq] = 0;
			spin_lock(&irq_lock);
			owners[irq].domain = NULL;
			spin_unlock(&irq_lock);
			spin_lock(&c->lock);
			c->state = ECS_FREE;
			spin_unlock(&c->lock);
			n = rc;
		} else {
			*port = (u32)n;
			if (d->pirq_eoi_map && irq_needs_eoi(irq))
				set_bit(d->pirq_eoi_map, irq);
		}
	}
	spin_unlock(&d->event_lock);
	return min(n, 0);
}

/* Whether irq is bound to that port of d, and not to another since it was unmapped; irq_lock. */
static bool owns(const struct domain *d, u32 irq, u32 port)
{
	return owners[irq].domain == d && owners[irq].port == port;
}

void event_pirq_unbind(struct domain *d, u32 irq, u32 port)
{
	if (!d->pirq_port || irq >= NR_IRQS)
		return;
	spin_lock(&irq_lock);
	if (owns(d, irq, port)) {
		irq_unbind(irq);
		owners[irq].domain = NULL;
	}
	spin_unlock(&irq_lock);
	if (d->pirq_port[irq] != port)
		return;
	d->pirq_port[irq] = 0;
	if (d->pirq_eoi_map)
		clear_bit(d->pirq_eoi_map, irq);
}

void event_pirq_unmapped(u32 irq)
{
	spin_lock(&irq_lock);
	irq_unbind(irq);
	owners[irq].domain = NULL;
	spin_unlock(&irq_lock);
}

void upcall_irq(unsigned irq)
{
	struct irq_owner *o = &owners[irq];

	spin_lock(&irq_lock);
	if (o->domain)
		event_2l_raise(o->domain, o->port, event_port(o->domain, o->port)->notify_vcpu);
	spin_unlock(&irq_lock);
}

void event_pirq_map_fill(struct domain *d)
{
	spin_lock(&d->event_lock);
	for (u32 irq = 0; irq < NR_IRQS && d->pirq_port; irq++)
		if (d->pirq_port[irq] && irq_needs_eoi(irq))
			set_bit(d->pirq_eoi_map, irq);
	spin_unlock(&d->event_lock);
}

int event_pirq_eoi(struct domain *d, u32 irq)
{
	u32 port;

	if (irq >= NR_IRQS || !d->pirq_port)
		return fail(EINVAL);
	irq = (u32)bounded(irq, NR_IRQS);
	spin_lock(&d->event_lock);
	port = d->pirq_port[irq];
	if (port) {
		if (d->pirq_eoi_auto)
			event_2l_unmask(d, port, event_port(d, port)->notify_vcpu);
		spin_lock(&irq_lock);
		if (owns(d, irq, port))
			irq_eoi(irq);
		spin_unlock(&irq_lock);
	}
	spin_unlock(&d->event_lock);
	return port ? 0 : fail(EINVAL);
}

bool event_pirq_needs_eoi(struct domain *d, u32 irq)
{
	return irq < NR_IRQS && d->pirq_port && irq_needs_eoi(irq);
}
