/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/event*.c: every kind of binding, delivery, close and reset, exhaustion, and random sequences
 * against the symmetry of the graph. */
#include "fake_machine.h"

#include <string.h>

#include "core/event.h"
#include "core/softirq.h"
#include "x86/irq.h"
#include "x86/upcalls.h"

static struct domain *a, *b;

static bool pending(struct domain *d, u32 port)
{
	return test_bit(d->shared->evtchn_pending, port);
}

static void quiet(struct domain *d)
{
	struct vcpu *v;

	memset(d->shared->evtchn_pending, 0, sizeof(d->shared->evtchn_pending));
	for_each_vcpu (d, v) {
		v->info->evtchn_pending_sel = 0;
		v->info->evtchn_upcall_pending = 0;
	}
}

/* What a failed call must not change: every channel of the domain. */
static u64 state_hash(struct domain *d)
{
	u64 h = 1469598103934665603ull;

	for (u32 port = 0; port < d->port_limit; port++) {
		const struct evtchn *c = event_port(d, port);
		const u64 words[] = { c->state, c->notify_vcpu, c->port,
			c->state > ECS_RESERVED ? (u64)c->inter.remote : 0,
			c->state == ECS_INTERDOMAIN ? c->inter.remote_port : 0, pending(d, port) };

		for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
			h = (h ^ words[i]) * 1099511628211ull;
	}
	return h;
}

static unsigned status_of(struct domain *d, u32 port)
{
	struct evtchn_status s = { 0 };

	assert_int_equal(event_status(d, port, &s), 0);
	return s.status;
}

static void reset(struct domain *d)
{
	while (event_reset(d) == -ERESTART)
		;
	quiet(d);
}

/* A reset that stopped half way, then a new binding behind it, then the domain's end: every port is
 * closed, or its peer would keep a domain that is gone. */
static void test_end_after_half_a_reset(void **state)
{
	struct domain *c = fake_domain(3, 1, true);
	u32 port, pa, pc = 0;

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(event_alloc_unbound(c, a->id, &port), 0);
	softirq_raise(cpu_id(), SOFTIRQ_SCHEDULE);
	assert_int_equal(event_reset(c), -ERESTART);
	assert_int_equal(event_alloc_unbound(a, c->id, &pa), 0);
	assert_int_equal(event_bind_interdomain(c, a, pa, &pc), 0);
	assert_in_range(pc, 1, 31);
	fake_kill(c);
	assert_int_equal(status_of(a, pa), EVTCHNSTAT_unbound);
	assert_int_equal(event_send(a, pa), 0);
}

static int setup(void **state)
{
	a = fake_domain(1, 3, true);
	b = fake_domain(2, 2, true);
	return 0;
}

static int teardown(void **state)
{
	fake_kill(a);
	fake_kill(b);
	assert_int_equal(fake_domains_alive, 0);
	return 0;
}

static void test_interdomain(void **state)
{
	struct evtchn_status s;
	u32 pa, pb;

	assert_int_equal(event_alloc_unbound(a, b->id, &pa), 0);
	assert_int_equal(pa, 1);
	assert_int_equal(status_of(a, pa), EVTCHNSTAT_unbound);
	assert_int_equal(event_send(a, pa), 0); /* nobody there: lost, no error */
	assert_int_equal(event_bind_interdomain(b, a, 0, &pb), -EINVAL);
	assert_int_equal(event_bind_interdomain(b, a, 2, &pb), -EINVAL);
	assert_int_equal(event_bind_interdomain(b, a, 70000, &pb), -EINVAL);
	assert_int_equal(event_bind_interdomain(a, a, pa, &pb), -EINVAL); /* meant for b */
	assert_int_equal(event_bind_interdomain(b, a, pa, &pb), 0);
	assert_true(pending(b, pb)); /* what was sent before */
	assert_int_equal(event_bind_interdomain(b, a, pa, &pb), -EINVAL);
	assert_int_equal(event_status(a, pa, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_interdomain);
	assert_int_equal(s.u.interdomain.dom, b->id);
	assert_int_equal(s.u.interdomain.port, pb);
	quiet(b);
	assert_int_equal(event_send(a, pa), 0);
	assert_true(pending(b, pb));
	assert_false(pending(a, pa));
	assert_int_equal(b->vcpu[0]->info->evtchn_pending_sel, 1);
	assert_int_equal(b->vcpu[0]->info->evtchn_upcall_pending, 1);
	assert_int_equal(event_send(b, pb), 0);
	assert_true(pending(a, pa));
	/* notify another vcpu */
	assert_int_equal(event_bind_vcpu(b, pb, 1), 0);
	quiet(b);
	assert_int_equal(event_send(a, pa), 0);
	assert_int_equal(b->vcpu[0]->info->evtchn_upcall_pending, 0);
	assert_int_equal(b->vcpu[1]->info->evtchn_upcall_pending, 1);
	/* closing one end leaves the other unbound, for the same domain */
	assert_int_equal(event_close(b, pb), 0);
	assert_false(pending(b, pb));
	assert_int_equal(event_status(a, pa, &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, b->id);
	assert_int_equal(event_close(b, pb), -EINVAL);
	assert_int_equal(event_send(b, pb), -EINVAL);
	assert_int_equal(event_bind_interdomain(b, a, pa, &pb), 0);
	assert_int_equal(event_close(a, pa), 0);
	assert_int_equal(status_of(b, pb), EVTCHNSTAT_unbound);
	assert_int_equal(event_close(b, pb), 0);
}

static void test_loopback(void **state)
{
	u32 p, q;

	assert_int_equal(event_alloc_unbound(a, a->id, &p), 0);
	assert_int_equal(event_bind_interdomain(a, a, p, &q), 0);
	quiet(a);
	assert_int_equal(event_send(a, p), 0);
	assert_true(pending(a, q));
	assert_false(pending(a, p));
	assert_int_equal(event_close(a, q), 0);
	assert_int_equal(status_of(a, p), EVTCHNSTAT_unbound);
	assert_int_equal(event_close(a, p), 0);
}

static void test_ipi_and_masks(void **state)
{
	struct vcpu *v = a->vcpu[2];
	u32 p;

	assert_int_equal(event_bind_ipi(a, 3, &p), -ENOENT);
	assert_int_equal(event_bind_ipi(a, 2, &p), 0);
	assert_int_equal(event_bind_vcpu(a, p, 1), -EINVAL);
	a->shared->evtchn_mask[0] |= BIT(p);
	assert_int_equal(event_send(a, p), 0);
	assert_true(pending(a, p));
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
	assert_int_equal(event_unmask(a, p), 0);
	assert_false(test_bit(a->shared->evtchn_mask, p));
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(v->info->evtchn_pending_sel, 1);
	v->info->evtchn_upcall_pending = 0;
	assert_int_equal(event_unmask(a, p), 0); /* was not masked */
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
	assert_int_equal(event_unmask(a, 4095), -EINVAL);
	quiet(a);
	a->shared->evtchn_mask[0] |= BIT(p);
	assert_int_equal(event_unmask(a, p), 0); /* nothing is pending */
	assert_int_equal(v->info->evtchn_pending_sel, 0);
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
	assert_int_equal(event_close(a, p), 0);
}

static void test_virq(void **state)
{
	struct evtchn_status s;
	u32 timer[2], console, p;

	assert_int_equal(event_bind_virq(a, 24, 0, &p), -EINVAL);
	assert_int_equal(event_bind_virq(a, ~0u, 0, &p), -EINVAL);
	assert_int_equal(event_bind_virq(a, VIRQ_TIMER, 3, &p), -ENOENT);
	assert_int_equal(
		event_bind_virq(a, VIRQ_CONSOLE, 1, &p), -EINVAL); /* global ones: vcpu 0 */
	assert_int_equal(event_bind_virq(a, VIRQ_TIMER, 0, &timer[0]), 0);
	assert_int_equal(event_bind_virq(a, VIRQ_TIMER, 0, &p), -EEXIST);
	assert_int_equal(event_bind_virq(a, VIRQ_TIMER, 1, &timer[1]), 0);
	assert_int_equal(event_bind_virq(a, VIRQ_CONSOLE, 0, &console), 0);
	assert_int_equal(event_bind_vcpu(a, timer[0], 1), -EINVAL);
	assert_int_equal(event_bind_vcpu(a, console, 1), 0);
	assert_int_equal(event_bind_vcpu(a, console, 9), -ENOENT);
	event_virq(a->vcpu[1], VIRQ_TIMER);
	assert_false(pending(a, timer[0]));
	assert_true(pending(a, timer[1]));
	event_virq(a->vcpu[2], VIRQ_TIMER); /* not bound: nothing */
	assert_int_equal(event_status(a, timer[1], &s), 0);
	assert_int_equal(s.status, EVTCHNSTAT_virq);
	assert_int_equal(s.u.virq, VIRQ_TIMER);
	assert_int_equal(s.vcpu, 1);
	assert_int_equal(event_send(a, timer[0]), -EINVAL);
	/* a global one goes to who asked for it */
	event_virq_global(VIRQ_CONSOLE); /* there is no control domain */
	assert_false(pending(a, console));
	assert_int_equal(event_set_global_virq_handler(a, VIRQ_TIMER), -EINVAL);
	assert_int_equal(event_set_global_virq_handler(a, 24), -EINVAL);
	assert_int_equal(event_set_global_virq_handler(a, VIRQ_CONSOLE), 0);
	event_virq_global(VIRQ_CONSOLE);
	assert_true(pending(a, console));
	assert_int_equal(a->vcpu[1]->info->evtchn_upcall_pending, 1);
	assert_int_equal(event_close(a, timer[0]), 0);
	quiet(a);
	event_virq(a->vcpu[0], VIRQ_TIMER);
	assert_false(pending(a, timer[0]));
	assert_int_equal(event_bind_virq(a, VIRQ_TIMER, 0, &timer[0]), 0);
}

static void test_pirq(void **state)
{
	u32 p, q;
	u64 h;

	assert_int_equal(event_bind_pirq(a, 5, 0, &p), -EINVAL); /* no right to interrupts */
	a->pirq_port = calloc(NR_IRQS, sizeof(u32));
	a->pirq_eoi_map = calloc(1, PAGE_SIZE);
	fake_irq_level[5] = true;
	assert_int_equal(event_bind_pirq(a, NR_IRQS, 0, &p), -EINVAL);
	fake_fail_irq_bind = 1;
	h = state_hash(a);
	assert_int_equal(event_bind_pirq(a, 5, 0, &p), -ENOSPC);
	assert_int_equal(state_hash(a), h);
	assert_int_equal(a->pirq_port[5], 0);
	upcall_irq(5);
	assert_int_equal(state_hash(a), h);
	assert_int_equal(event_bind_pirq(a, 5, 0, &p), 0);
	assert_true(fake_irq_bound[5]);
	assert_true(test_bit(a->pirq_eoi_map, 5));
	assert_int_equal(event_bind_pirq(a, 5, 0, &q), -EEXIST);
	assert_int_equal(status_of(a, p), EVTCHNSTAT_pirq);
	upcall_irq(5);
	assert_true(pending(a, p));
	upcall_irq(6); /* nobody's */
	a->shared->evtchn_mask[0] |= BIT(p);
	assert_int_equal(event_pirq_eoi(a, 5), 0);
	assert_int_equal(fake_irq_eois[5], 1);
	assert_true(test_bit(a->shared->evtchn_mask, p));
	a->pirq_eoi_auto = true;
	assert_int_equal(event_pirq_eoi(a, 5), 0);
	assert_false(test_bit(a->shared->evtchn_mask, p));
	assert_int_equal(event_pirq_eoi(a, 6), -EINVAL);
	assert_int_equal(event_pirq_eoi(a, 1 << 20), -EINVAL);
	assert_true(event_pirq_needs_eoi(a, 5));
	assert_int_equal(event_bind_vcpu(a, p, 1), 0);
	assert_int_equal(event_close(a, p), 0);
	assert_false(fake_irq_bound[5]);
	assert_false(test_bit(a->pirq_eoi_map, 5));
	quiet(a);
	upcall_irq(5);
	assert_false(pending(a, p));
	free(a->pirq_port);
	free(a->pirq_eoi_map);
	a->pirq_port = NULL;
	a->pirq_eoi_map = NULL;
}

/* The control domain unmaps an interrupt that is bound, and another domain gets its number: what
 * the first one still has must not reach it. */
static void test_pirq_unmapped_while_bound(void **state)
{
	u32 old, again, new;

	a->pirq_port = calloc(NR_IRQS, sizeof(u32));
	b->pirq_port = calloc(NR_IRQS, sizeof(u32));
	fake_irq_level[9] = true;
	assert_int_equal(event_bind_pirq(a, 9, 0, &old), 0);
	event_pirq_unmapped(9);
	assert_false(fake_irq_bound[9]);
	assert_int_equal(event_bind_pirq(b, 9, 0, &new), 0);
	fake_irq_eois[9] = 0;
	assert_int_equal(event_pirq_eoi(a, 9), 0);
	assert_int_equal(fake_irq_eois[9], 0);
	assert_int_equal(event_close(a, old), 0);
	assert_true(fake_irq_bound[9]);
	upcall_irq(9);
	assert_true(pending(b, new));
	assert_false(pending(a, old));
	/* the same for a second port of the same domain */
	event_pirq_unmapped(9);
	assert_int_equal(event_bind_pirq(b, 9, 0, &again), 0);
	assert_int_equal(event_close(b, new), 0);
	assert_true(fake_irq_bound[9]);
	assert_int_equal(event_pirq_eoi(b, 9), 0);
	assert_int_equal(fake_irq_eois[9], 1);
	assert_int_equal(event_close(b, again), 0);
	assert_false(fake_irq_bound[9]);
	free(a->pirq_port);
	free(b->pirq_port);
	a->pirq_port = b->pirq_port = NULL;
}

/* With all ports taken each bind fails with ENOSPC and changes nothing anywhere. */
static void test_exhaustion(void **state)
{
	u32 p, last, unbound;
	u64 ha, hb;

	assert_int_equal(event_alloc_unbound(b, a->id, &unbound), 0);
	assert_int_equal(event_alloc_unbound(a, b->id, &last), 0);
	while (event_bind_ipi(a, 0, &p) == 0)
		last = p;
	assert_int_equal(last, 4095);
	a->pirq_port = calloc(NR_IRQS, sizeof(u32));
	ha = state_hash(a);
	hb = state_hash(b);
	assert_int_equal(event_alloc_unbound(a, b->id, &p), -ENOSPC);
	assert_int_equal(event_bind_interdomain(a, b, unbound, &p), -ENOSPC);
	assert_int_equal(event_bind_virq(a, VIRQ_TIMER, 0, &p), -ENOSPC);
	assert_int_equal(a->vcpu[0]->virq_port[VIRQ_TIMER], 0);
	assert_int_equal(event_bind_ipi(a, 1, &p), -ENOSPC);
	assert_int_equal(event_bind_pirq(a, 7, 0, &p), -ENOSPC);
	assert_false(fake_irq_bound[7]);
	assert_int_equal(state_hash(a), ha);
	assert_int_equal(state_hash(b), hb);
	assert_int_equal(event_close(a, 77), 0);
	assert_int_equal(event_bind_interdomain(a, b, unbound, &p), 0);
	assert_int_equal(p, 77);
	reset(a);
	free(a->pirq_port);
	a->pirq_port = NULL;
	for (p = 1; p < 4096; p++)
		assert_int_equal(status_of(a, p), EVTCHNSTAT_closed);
	assert_int_equal(status_of(b, unbound), EVTCHNSTAT_unbound);
	assert_int_equal(event_bind_ipi(a, 0, &p), 0);
	assert_int_equal(p, 1);
}

static void test_limit(void **state)
{
	struct xen_domctl_createdomain c = {
		.max_vcpus = 1, .max_evtchn_port = 10, .max_grant_frames = 1
	};
	struct domain *d;
	u32 p = 0, n = 0;

	assert_int_equal(domain_create(30, &c, &fake_ops, false, &d), 0);
	assert_int_equal(vcpu_create(d, 0), 0);
	while (event_bind_ipi(d, 0, &p) == 0)
		n++;
	assert_int_equal(n, 10);
	assert_int_equal(p, 10);
	fake_kill(d);
}

static void test_dying_refuses(void **state)
{
	struct domain *d = fake_domain(30, 1, true);
	u32 p, q, r;

	assert_int_equal(event_alloc_unbound(d, a->id, &p), 0);
	assert_int_equal(event_bind_interdomain(a, d, p, &q), 0);
	assert_int_equal(event_alloc_unbound(d, a->id, &r), 0);
	assert_true(domain_get(d));
	fake_kill(d);
	assert_int_equal(status_of(a, q), EVTCHNSTAT_unbound);
	assert_int_equal(event_send(a, q), 0);
	assert_int_equal(event_bind_interdomain(a, d, r, &p), -EINVAL);
	assert_int_equal(event_alloc_unbound(d, a->id, &p), -EINVAL);
	assert_int_equal(event_bind_ipi(d, 0, &p), -EINVAL);
	assert_int_equal(event_bind_virq(d, VIRQ_TIMER, 0, &p), -EINVAL);
	assert_int_equal(event_set_global_virq_handler(d, VIRQ_TBUF), -EINVAL);
	domain_put(d);
	fake_settle();
}

static void check_graph(struct domain *const *d, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		for (u32 port = 1; port < d[i]->port_limit; port++) {
			const struct evtchn *c = event_port(d[i], port), *peer;

			assert_int_equal(c->port, port);
			assert_false(spin_held(&c->lock));
			if (c->state == ECS_INTERDOMAIN) {
				peer = event_port(c->inter.remote, c->inter.remote_port);
				assert_int_equal(peer->state, ECS_INTERDOMAIN);
				assert_ptr_equal(peer->inter.remote, d[i]);
				assert_int_equal(peer->inter.remote_port, port);
			} else if (c->state == ECS_VIRQ) {
				assert_int_equal(
					d[i]->vcpu[c->notify_vcpu]->virq_port[c->virq], port);
			}
		}
	}
}

static void test_random(void **state)
{
	struct domain *d[2] = { a, b };
	u32 p;

	srand(6);
	for (unsigned round = 0; round < 20000; round++) {
		struct domain *x = d[rand() % 2], *y = d[rand() % 2];
		u32 port = (u32)rand() % 80, vcpu = (u32)rand() % 4;
		u64 hx = state_hash(x), hy = state_hash(y);
		int rc, what = rand() % 9;

		switch (what) {
		case 0: rc = event_alloc_unbound(x, y->id, &p); break;
		case 1:
		case 2: rc = event_bind_interdomain(x, y, port, &p); break;
		case 3: rc = event_bind_virq(x, (u32)rand() % 2, vcpu, &p); break;
		case 4: rc = event_bind_ipi(x, vcpu, &p); break;
		case 5: rc = event_bind_vcpu(x, port, vcpu); break;
		case 6: rc = event_send(x, port); break;
		default: rc = event_close(x, port); break;
		}
		if (rc) {
			assert_int_equal(state_hash(x), hx);
			assert_int_equal(state_hash(y), hy);
		}
		check_graph(d, 2);
		if (round % 2000 == 1999) {
			reset(x);
			check_graph(d, 2);
		}
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_interdomain),
		T(test_loopback),
		T(test_ipi_and_masks),
		T(test_virq),
		T(test_pirq),
		T(test_pirq_unmapped_while_bound),
		T(test_exhaustion),
		T(test_limit),
		T(test_dying_refuses),
		T(test_end_after_half_a_reset),
		T(test_random),
	};

	fake_boot(2, 4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
