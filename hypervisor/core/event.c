/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels: ports and their bindings. Port 0 is never used. Channels are kept in buckets that
 * are made as ports are needed and go with the domain, so a looked-up channel stays. Locks:
 * d->event_lock for every change of bindings; two domains: lower domid first. Each channel has a
 * lock of its own, inside event_lock: who changes state or binding holds both, who sends holds only
 * that of its own end. While a channel is interdomain its peer is bound back to it, so holding the
 * lock of one end keeps the other end and its domain. Check, then commit: a call that fails has
 * changed nothing (C9).
 */
#include "core/event.h"
#include "core/log.h"
#include "core/softirq.h"
#include "lib/alloc.h"

static struct domain *virq_handler[NR_VIRQS]; /* NULL: dom0; with a reference */
static spinlock_t virq_handler_lock;

/* ---- ports ---- */

struct evtchn *event_port(struct domain *d, u32 port)
{
	struct evtchn *bucket;

	if (port >= READ_ONCE(d->port_limit))
		return NULL;
	port = (u32)bounded(port, EVTCHNS_2L);
	bucket = READ_ONCE(d->ports[port / EVTCHNS_PER_PAGE]);
	return bucket ? &bucket[port % EVTCHNS_PER_PAGE] : NULL;
}

bool event_port_exists(struct domain *d, u32 port)
{
	return event_port(d, port) != NULL;
}

/* One more bucket. */
static int ports_grow(struct domain *d)
{
	u32 first = d->port_limit;
	struct evtchn *bucket = heap_alloc(EVTCHNS_PER_PAGE * sizeof(*bucket));

	if (!bucket)
		return fail(ENOMEM);
	for (u32 i = 0; i < EVTCHNS_PER_PAGE; i++)
		bucket[i].port = first + i;
	if (first == 0)
		bucket[0].state = ECS_RESERVED;
	atomic_store_release(&d->ports[first / EVTCHNS_PER_PAGE], bucket);
	atomic_store_release(&d->port_limit, first + EVTCHNS_PER_PAGE);
	return 0;
}

int event_port_new(struct domain *d)
{
	for (u32 port = d->port_hint; port <= d->max_port; port++) {
		struct evtchn *c = event_port(d, port);
		int rc;

		if (!c) {
			rc = ports_grow(d);
			if (rc)
				return rc;
			c = event_port(d, port);
		}
		if (c->state == ECS_FREE) {
			d->port_hint = port;
			return (int)port;
		}
	}
	d->port_hint = d->max_port + 1;
	return fail(ENOSPC);
}

int event_init(struct domain *d, unsigned max_port)
{
	d->ports = heap_alloc(EVTCHNS_2L / EVTCHNS_PER_PAGE * sizeof(*d->ports));
	if (!d->ports)
		return fail(ENOMEM);
	d->max_port = min(max_port, (unsigned)EVTCHNS_2L - 1);
	d->port_hint = 1;
	return ports_grow(d);
}

void event_destroy(struct domain *d)
{
	if (d->ports)
		for (u32 i = 0; i < EVTCHNS_2L / EVTCHNS_PER_PAGE; i++)
			heap_free(d->ports[i]);
	heap_free(d->ports);
	d->ports = NULL;
	d->port_limit = 0;
}

static void lock_two(struct domain *a, struct domain *b)
{
	struct domain *first = a->id < b->id ? a : b, *second = first == a ? b : a;

	spin_lock(&first->event_lock);
	if (second != first)
		spin_lock(&second->event_lock);
}

static void unlock_two(struct domain *a, struct domain *b)
{
	spin_unlock(&a->event_lock);
	if (b != a)
		spin_unlock(&b->event_lock);
}

/* Make c what `to` says; its port and lock stay. event_lock held. */
static void channel_set(struct evtchn *c, struct evtchn to)
{
	spin_lock(&c->lock);
	to.port = c->port;
	to.lock = c->lock;
	*(volatile struct evtchn *)c = to;
	spin_unlock(&c->lock);
}

static void channel_free(struct domain *d, struct evtchn *c)
{
	channel_set(c, (struct evtchn){ .state = ECS_FREE });
	event_2l_clear(d, c->port);
	if (c->port < d->port_hint)
		d->port_hint = c->port;
}

/* ---- binding ---- */

int event_alloc_unbound(struct domain *d, u16 remote, u32 *port)
{
	int n;

	spin_lock(&d->event_lock);
	n = d->dying ? fail(EINVAL) : event_port_new(d);
	if (n > 0) {
		channel_set(event_port(d, (u32)n),
			(struct evtchn){ .state = ECS_UNBOUND, .unbound.remote_domid = remote });
		*port = (u32)n;
	}
	spin_unlock(&d->event_lock);
	return min(n, 0);
}

int event_bind_interdomain(struct domain *d, struct domain *remote, u32 remote_port, u32 *port)
{
	struct evtchn *rc, *lc;
	int n;

	lock_two(d, remote);
	rc = event_port(remote, remote_port);
	if (d->dying || remote->dying || !rc || rc->state != ECS_UNBOUND ||
		rc->unbound.remote_domid != d->id)
		n = fail(EINVAL);
	else
		n = event_port_new(d);
	if (n > 0) {
		lc = event_port(d, (u32)n);
		channel_set(
			lc, (struct evtchn){ .state = ECS_INTERDOMAIN,
				    .inter = { .remote = remote, .remote_port = remote_port } });
		channel_set(rc, (struct evtchn){ .state = ECS_INTERDOMAIN,
					.notify_vcpu = rc->notify_vcpu,
					.inter = { .remote = d, .remote_port = (u32)n } });
		*port = (u32)n;
		/* the other end may have sent before there was anybody to hear it */
		event_2l_raise(d, (u32)n, 0);
	}
	unlock_two(d, remote);
	return min(n, 0);
}

static bool virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

int event_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port)
{
	struct vcpu *v;
	int n;

	if (virq >= ARRAY_SIZE(v->virq_port))
		return fail(EINVAL);
	virq = (u32)bounded(virq, ARRAY_SIZE(v->virq_port));
	if (virq_is_global(virq) && vcpu != 0)
		return fail(EINVAL);
	v = vcpu_of(d, vcpu);
	if (!v)
		return fail(ENOENT);
	spin_lock(&d->event_lock);
	if (d->dying)
		n = fail(EINVAL);
	else if (v->virq_port[virq])
		n = fail(EEXIST);
	else
		n = event_port_new(d);
	if (n > 0) {
		channel_set(event_port(d, (u32)n),
			(struct evtchn){
				.state = ECS_VIRQ, .notify_vcpu = (u16)vcpu, .virq = virq });
		WRITE_ONCE(v->virq_port[virq], (u16)n);
		*port = (u32)n;
	}
	spin_unlock(&d->event_lock);
	return min(n, 0);
}

int event_bind_ipi(struct domain *d, u32 vcpu, u32 *port)
{
	int n;

	if (!vcpu_of(d, vcpu))
		return fail(ENOENT);
	spin_lock(&d->event_lock);
	n = d->dying ? fail(EINVAL) : event_port_new(d);
	if (n > 0) {
		channel_set(event_port(d, (u32)n),
			(struct evtchn){ .state = ECS_IPI, .notify_vcpu = (u16)vcpu });
		*port = (u32)n;
	}
	spin_unlock(&d->event_lock);
	return min(n, 0);
}

/* ---- closing ---- */

/* VIRQ or pirq: what delivers to the port must forget it, and not be in the middle of it. */
static void channel_detach(struct domain *d, const struct evtchn *c)
{
	struct vcpu *v;

	if (c->state == ECS_PIRQ) {
		event_pirq_unbind(d, c->irq, c->port);
		return;
	}
	for_each_vcpu (d, v) {
		if (v->virq_port[c->virq] != c->port)
			continue;
		spin_lock(&v->virq_lock);
		v->virq_port[c->virq] = 0;
		spin_unlock(&v->virq_lock);
	}
}

/*
 * Close under d's lock; an interdomain channel wants the peer's too. Returns the domain whose lock
 * is missing (with a reference), or NULL when it is done. `have`: whose lock is held beside d's.
 */
static struct domain *close_locked(struct domain *d, struct evtchn *c, struct domain *have)
{
	struct domain *remote;
	struct evtchn *peer;

	switch (c->state) {
	case ECS_FREE:
	case ECS_RESERVED: return NULL;
	case ECS_VIRQ:
	case ECS_PIRQ: channel_detach(d, c); break;
	case ECS_INTERDOMAIN:
		remote = c->inter.remote;
		if (remote != d && remote != have)
			return domain_get(remote) ? remote : NULL;
		peer = event_port(remote, c->inter.remote_port);
		channel_set(peer, (struct evtchn){ .state = ECS_UNBOUND,
					  .notify_vcpu = peer->notify_vcpu,
					  .unbound.remote_domid = d->id });
		break;
	}
	channel_free(d, c);
	return NULL;
}

/* Close whatever the port is now. */
static void port_close(struct domain *d, struct evtchn *c)
{
	struct domain *remote, *next;

	spin_lock(&d->event_lock);
	remote = close_locked(d, c, NULL);
	spin_unlock(&d->event_lock);
	while (remote) { /* again with both locks; the port may have changed meanwhile */
		lock_two(d, remote);
		next = close_locked(d, c, remote);
		unlock_two(d, remote);
		domain_put(remote);
		remote = next;
	}
}

int event_close(struct domain *d, u32 port)
{
	struct evtchn *c = event_port(d, port);

	if (!c || c->state == ECS_FREE || c->state == ECS_RESERVED)
		return fail(EINVAL);
	port_close(d, c);
	return 0;
}

/* From *at on, which keeps the progress. */
static int close_all(struct domain *d, u32 *at)
{
	u32 port = READ_ONCE(*at);

	for (; port < d->port_limit; port++) {
		struct evtchn *c = event_port(d, port);

		if (c->state != ECS_FREE && c->state != ECS_RESERVED)
			port_close(d, c);
		if (port % 32 == 31 && should_yield()) {
			WRITE_ONCE(*at, port + 1);
			return -ERESTART;
		}
	}
	WRITE_ONCE(*at, 0);
	return 0;
}

int event_reset(struct domain *d)
{
	return close_all(d, &d->reset_port);
}

static void virq_handlers_drop(struct domain *d)
{
	for (unsigned i = 0; i < NR_VIRQS; i++) {
		bool mine;

		spin_lock(&virq_handler_lock);
		mine = virq_handler[i] == d;
		if (mine)
			virq_handler[i] = NULL;
		spin_unlock(&virq_handler_lock);
		if (mine)
			domain_put(d);
	}
}

int event_destroy_step(struct domain *d)
{
	virq_handlers_drop(d);
	/* Every port, whatever a reset that its guest did not end had come to. */
	return close_all(d, &d->destroy_port);
}

/* ---- sending ---- */

int event_send(struct domain *d, u32 port)
{
	struct evtchn *c = event_port(d, port), *peer;
	int rc = 0;

	if (!c)
		return fail(EINVAL);
	spin_lock(&c->lock);
	switch (c->state) {
	case ECS_INTERDOMAIN:
		peer = event_port(c->inter.remote, c->inter.remote_port);
		event_2l_raise(c->inter.remote, peer->port, READ_ONCE(peer->notify_vcpu));
		break;
	case ECS_IPI: event_2l_raise(d, port, c->notify_vcpu); break;
	case ECS_UNBOUND: break; /* nobody there yet: dropped, not an error */
	default: rc = -EINVAL;
	}
	spin_unlock(&c->lock);
	return rc ? fail(EINVAL) : 0;
}

int event_unmask(struct domain *d, u32 port)
{
	struct evtchn *c = event_port(d, port);

	if (!c)
		return fail(EINVAL);
	event_2l_unmask(d, port, READ_ONCE(c->notify_vcpu));
	return 0;
}

int event_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct evtchn *c = event_port(d, port);
	struct vcpu *v = vcpu_of(d, vcpu);
	int rc = 0;

	if (!v)
		return fail(ENOENT);
	if (!c)
		return fail(EINVAL);
	spin_lock(&d->event_lock);
	switch (c->state) {
	case ECS_VIRQ:
		if (!virq_is_global(c->virq)) {
			rc = -EINVAL;
			break;
		}
		/* fall through */
	case ECS_UNBOUND:
	case ECS_INTERDOMAIN: WRITE_ONCE(c->notify_vcpu, (u16)vcpu); break;
	case ECS_PIRQ:
		WRITE_ONCE(c->notify_vcpu, (u16)vcpu);
		irq_set_affinity(c->irq, v->processor);
		break;
	default: rc = -EINVAL;
	}
	spin_unlock(&d->event_lock);
	return rc ? fail(EINVAL) : 0;
}

int event_status(struct domain *d, u32 port, struct evtchn_status *status)
{
	struct evtchn *c = event_port(d, port);

	if (!c)
		return fail(EINVAL);
	spin_lock(&d->event_lock);
	status->vcpu = c->notify_vcpu;
	switch (c->state) {
	case ECS_UNBOUND:
		status->status = EVTCHNSTAT_unbound;
		status->u.unbound.dom = c->unbound.remote_domid;
		break;
	case ECS_INTERDOMAIN:
		status->status = EVTCHNSTAT_interdomain;
		status->u.interdomain.dom = c->inter.remote->id;
		status->u.interdomain.port = c->inter.remote_port;
		break;
	case ECS_PIRQ:
		status->status = EVTCHNSTAT_pirq;
		status->u.pirq = c->irq;
		break;
	case ECS_VIRQ:
		status->status = EVTCHNSTAT_virq;
		status->u.virq = c->virq;
		break;
	case ECS_IPI: status->status = EVTCHNSTAT_ipi; break;
	default: status->status = EVTCHNSTAT_closed;
	}
	spin_unlock(&d->event_lock);
	return 0;
}

/* ---- VIRQs ---- */

void event_virq(struct vcpu *v, u32 virq)
{
	u32 port;

	spin_lock(&v->virq_lock); /* the port is not closed meanwhile */
	port = v->virq_port[virq];
	if (port) {
		struct evtchn *c = event_port(v->domain, port);

		event_2l_raise(v->domain, port, READ_ONCE(c->notify_vcpu));
	}
	spin_unlock(&v->virq_lock);
}

void event_virq_global(u32 virq)
{
	struct domain *d;
	struct vcpu *v;

	spin_lock(&virq_handler_lock);
	d = virq_handler[virq] ? virq_handler[virq] : dom0;
	v = d ? vcpu_of(d, 0) : NULL;
	if (v)
		event_virq(v, virq);
	spin_unlock(&virq_handler_lock);
}

int event_set_global_virq_handler(struct domain *d, u32 virq)
{
	struct domain *old;

	if (virq >= NR_VIRQS || !virq_is_global(virq))
		return fail(EINVAL);
	virq = (u32)bounded(virq, NR_VIRQS);
	if (d == dom0)
		d = NULL;
	else if (d->dying || !domain_get(d))
		return fail(EINVAL);
	spin_lock(&virq_handler_lock);
	old = virq_handler[virq];
	virq_handler[virq] = d;
	spin_unlock(&virq_handler_lock);
	if (old)
		domain_put(old);
	return 0;
}

void event_dump(struct domain *d)
{
	log_raw("d%u event channels:\n", d->id);
	for (u32 port = 1; port < d->port_limit; port++) {
		const struct evtchn *c = event_port(d, port);

		if (c->state == ECS_FREE)
			continue;
		log_raw("  %4u state %u vcpu %u pending %u mask %u", port, c->state, c->notify_vcpu,
			event_port_pending(d, port),
			d->shared ? test_bit(d->shared->evtchn_mask, port) : 0);
		if (c->state == ECS_INTERDOMAIN)
			log_raw(" d%u port %u\n", c->inter.remote->id, c->inter.remote_port);
		else
			log_raw(" %u\n", c->irq);
	}
}
