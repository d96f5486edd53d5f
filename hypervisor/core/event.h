/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels, 2-level ABI: ports, their bindings, sending. Calls check and change state under
 * d->event_lock (two domains: lower domid first); sending to a bound port takes none of another
 * domain's locks for longer than the lookup.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <xen/event_channel.h>

#include "core/vcpu.h"

#define EVTCHNS_2L	 4096 /* ports of the 2-level ABI on x86-64 */
#define EVTCHNS_PER_PAGE 64

struct evtchn {
	u8 state; /* ECS_* */
	u8 reserved;
	u16 notify_vcpu;
	u32 port;
	spinlock_t lock; /* state and union: writers hold the event_lock too; a sender holds only
			    this */
	union {
		struct {
			u16 remote_domid; /* unbound: who may bind */
		} unbound;
		struct {
			struct domain *remote;
			u32 remote_port;
		} inter;
		u32 irq;
		u32 virq;
	};
};

enum { ECS_FREE, ECS_RESERVED, ECS_UNBOUND, ECS_INTERDOMAIN, ECS_PIRQ, ECS_VIRQ, ECS_IPI };

must_check int event_init(struct domain *d, unsigned max_port);
int event_destroy_step(struct domain *d); /* close all, bounded: -ERESTART */
void event_destroy(struct domain *d);

/* One function per EVTCHNOP_*, after hc/ copied the argument; `d` is the domain whose port it is
 * (hc resolved DOMID_SELF and rights). */
must_check int event_alloc_unbound(struct domain *d, u16 remote, u32 *port);
must_check int event_bind_interdomain(
	struct domain *d, struct domain *remote, u32 remote_port, u32 *port);
must_check int event_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port);
must_check int event_bind_ipi(struct domain *d, u32 vcpu, u32 *port);
must_check int event_bind_pirq(struct domain *d, u32 irq, u32 flags, u32 *port);
must_check int event_close(struct domain *d, u32 port);
must_check int event_send(struct domain *d, u32 port);
must_check int event_status(struct domain *d, u32 port, struct evtchn_status *status);
must_check int event_bind_vcpu(struct domain *d, u32 port, u32 vcpu);
must_check int event_unmask(struct domain *d, u32 port);
must_check int event_reset(struct domain *d); /* -ERESTART */
/* Raise a VIRQ: a per-vcpu one on v, a global one on the domain that bound it (dom0's for DOM_EXC,
 * CONSOLE, ...). */
void event_virq(struct vcpu *v, u32 virq);
void event_virq_global(u32 virq);
/* EVTCHNOP_set_priority and FIFO operations answer ENOSYS in hc/. Which domain gets a global VIRQ:
 */
must_check int event_set_global_virq_handler(struct domain *d, u32 virq);
bool event_port_exists(struct domain *d, u32 port);
bool event_port_pending(
	struct domain *d, u32 port); /* its bit in the shared info page; port was checked */
void event_dump(struct domain *d);

/* For event_pirq.c: event_2l.c's delivery and a free port under event_lock. */
struct evtchn *event_port(struct domain *d, u32 port);	     /* NULL: does not exist */
int event_port_new(struct domain *d);			     /* or ENOSPC, ENOMEM */
void event_pirq_unbind(struct domain *d, u32 irq, u32 port); /* d's port is closed */
void event_pirq_unmapped(
	u32 irq); /* nobody's from now on; a port bound to it gets no more events */
void event_2l_raise(struct domain *d, u32 port, u32 vcpu);
void event_2l_clear(struct domain *d, u32 port);
void event_2l_unmask(struct domain *d, u32 port, u32 vcpu);
/* Bits of d->pirq_eoi_map after it was registered. PHYSDEVOP_eoi and irq_status_query */
void event_pirq_map_fill(struct domain *d);
must_check int event_pirq_eoi(struct domain *d, u32 irq);
bool event_pirq_needs_eoi(struct domain *d, u32 irq);

#endif
