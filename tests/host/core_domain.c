/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/domain.c and vcpu.c: creation and its failures, references, the end in steps, pausing,
 * shutdown, blocking and polling. */
#include "fake_machine.h"

#include <string.h>

#include <xen/sched.h>

#include "core/event.h"
#include "core/grant.h"
#include "core/page.h"
#include "core/sched.h"
#include "core/softirq.h"

static struct xen_domctl_createdomain config = {
	.max_vcpus = 2, .max_evtchn_port = 1023, .max_grant_frames = 4, .max_maptrack_frames = 4
};

static void test_create_refusals(void **state)
{
	struct xen_domctl_createdomain c = config;
	struct domain *d;

	c.max_vcpus = MAX_VCPUS + 1;
	assert_int_equal(domain_create(3, &c, &fake_ops, false, &d), -EINVAL);
	c.max_vcpus = 0;
	assert_int_equal(domain_create(3, &c, &fake_ops, false, &d), -EINVAL);
	assert_int_equal(domain_create(0x8000, &config, &fake_ops, false, &d), -EINVAL);
	assert_int_equal(domain_create(DOMID_IDLE, &config, &fake_ops, false, &d), -EEXIST);
	assert_int_equal(domain_create(3, &config, &fake_ops, false, &d), 0);
	assert_int_equal(domain_create(3, &config, &fake_ops, false, &d), -EEXIST);
	assert_int_equal(fake_domains_alive, 1);
	assert_int_equal(vcpu_create(d, 2), -EINVAL);
	assert_int_equal(vcpu_create(d, 1), 0);
	assert_int_equal(vcpu_create(d, 1), -EEXIST);
	assert_null(vcpu_of(d, 0));
	assert_non_null(vcpu_of(d, 1));
	assert_null(vcpu_of(d, 2));
	fake_kill(d);
	assert_int_equal(fake_domains_alive, 0);
}

/* Out of memory at every point of creation: an error, nothing leaks. */
static void test_create_without_memory(void **state)
{
	struct page *hog[4096];
	struct domain *d, *eater = fake_domain(9, 1, true);
	unsigned n = 0, failures = 0;
	u64 before;
	int rc;

	fake_kill(fake_domain(3, 2, true));
	before = frames_free();
	while (frames_free() && (hog[n] = page_alloc(eater, 0, FRAME_NO_SCRUB)) != NULL)
		n++;
	for (;;) {
		u64 now = frames_free();

		rc = domain_create(3, &config, &fake_ops, false, &d);
		if (rc == 0)
			break;
		assert_int_equal(rc, -ENOMEM);
		assert_int_equal(fake_domains_alive, 1);
		assert_true(frames_free() == now);
		failures++;
		assert_true(n > 0);
		page_release(hog[--n]);
	}
	assert_true(failures > 2);
	fake_kill(d);
	while (n)
		page_release(hog[--n]);
	assert_int_equal(frames_free(), before);
	fake_kill(eater);
}

/* vcpus without room in the shared info page do not share what they have instead. */
static void test_own_info(void **state)
{
	struct domain *d = fake_domain(3, XEN_LEGACY_MAX_VCPUS + 2, true);
	struct vcpu *a = vcpu_of(d, XEN_LEGACY_MAX_VCPUS),
		    *b = vcpu_of(d, XEN_LEGACY_MAX_VCPUS + 1);

	assert_ptr_equal(vcpu_of(d, 1)->info, &d->shared->vcpu_info[1]);
	a->info->arch.cr2 = 0x1234;
	assert_true(b->info->arch.cr2 != 0x1234);
	fake_kill(d);
}

static void test_ids(void **state)
{
	struct domain *a, *b, *f;
	int id;

	fake_kill(fake_domain(1, 1, true));
	a = fake_domain(20, 1, true);
	b = fake_domain(700, 1, true);
	id = domain_free_id();
	assert_int_equal(id, 701); /* goes on from the last one */
	assert_ptr_equal(f = domain_find_next(0), a);
	domain_put(f);
	assert_ptr_equal(f = domain_find_next(21), b);
	domain_put(f);
	assert_ptr_equal(f = domain_find_next(700), b);
	domain_put(f);
	assert_null(domain_find_next(701));
	assert_null(domain_find(21));
	assert_null(domain_find(DOMID_IDLE));
	assert_null(domain_find(0xffff));
	fake_kill(a);
	fake_kill(b);
	f = fake_domain(DOMID_FIRST_RESERVED - 1, 1, true);
	assert_int_equal(domain_free_id(), 1);
	fake_kill(f);
}

static void test_death_waits_for_references(void **state)
{
	struct domain *d = fake_domain(5, 1, false), *f;
	struct page *p = page_alloc(d, 0, 0);

	assert_true(page_get(p, d));
	fake_kill(d);
	assert_int_equal(d->dying, DOMAIN_DEAD);
	assert_int_equal(fake_domains_alive, 1);
	f = domain_find(5); /* dead ones are found: the tools list them */
	assert_ptr_equal(f, d);
	assert_int_equal(domain_free_id() == 5, false);
	domain_put(f);
	assert_null(page_alloc(d, 0, 0));
	assert_int_equal(domain_kill(d), 0); /* again: nothing to do */
	page_put(p);
	fake_settle();
	assert_int_equal(fake_domains_alive, 0);
	assert_null(domain_find(5));
}

static void kill_self(void *arg)
{
	assert_int_equal(domain_kill(arg), -EINVAL);
}

static void test_kill_itself(void **state)
{
	struct domain *d = fake_domain(5, 1, false);

	fake_advance(fake_time + 1000);
	for (unsigned cpu = 0; cpu < 4; cpu++)
		if (fake_current[cpu] == d->vcpu[0])
			fake_on(cpu, kill_self, d);
	fake_kill(d);
}

static void test_pause(void **state)
{
	struct domain *d = fake_domain(5, 2, false);

	assert_true(fake_runs(d->vcpu[0]) && fake_runs(d->vcpu[1]));
	domain_pause(d);
	assert_false(fake_runs(d->vcpu[0]) || fake_runs(d->vcpu[1]));
	domain_pause(d);
	domain_unpause(d);
	fake_settle();
	assert_false(fake_runs(d->vcpu[0]));
	domain_unpause(d);
	fake_settle();
	assert_true(fake_runs(d->vcpu[0]) && fake_runs(d->vcpu[1]));
	vcpu_pause(d->vcpu[1]);
	assert_true(fake_runs(d->vcpu[0]));
	assert_false(fake_runs(d->vcpu[1]));
	vcpu_unpause(d->vcpu[1]);
	fake_settle();
	assert_true(fake_runs(d->vcpu[1]));
	assert_int_equal(domain_unpause_by_controller(d), -EINVAL);
	for (unsigned i = 0; i < 255; i++)
		assert_int_equal(domain_pause_by_controller(d), 0);
	assert_int_equal(domain_pause_by_controller(d), -EOVERFLOW);
	for (unsigned i = 0; i < 255; i++)
		assert_int_equal(domain_unpause_by_controller(d), 0);
	fake_settle();
	assert_true(fake_runs(d->vcpu[0]));
	fake_kill(d);
}

static void test_shutdown_and_info(void **state)
{
	struct domain *d = fake_domain(5, 2, false);
	struct xen_domctl_getdomaininfo info;

	fake_advance(fake_time + 5000000);
	domain_info(d, &info);
	assert_int_equal(info.domain, 5);
	assert_int_equal(info.nr_online_vcpus, 2);
	assert_int_equal(info.max_vcpu_id, 1);
	assert_true(info.flags & XEN_DOMINF_running);
	assert_false(info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying | XEN_DOMINF_paused |
					  XEN_DOMINF_blocked));
	assert_true(info.cpu_time >= 10000000);
	domain_shutdown(d, SHUTDOWN_suspend);
	fake_settle();
	domain_info(d, &info);
	assert_true(info.flags & XEN_DOMINF_shutdown);
	assert_int_equal(
		info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, SHUTDOWN_suspend);
	assert_false(fake_runs(d->vcpu[0]));
	domain_shutdown(d, SHUTDOWN_crash); /* the first reason stays */
	assert_int_equal(d->shutdown_code, SHUTDOWN_suspend);
	domain_resume(d);
	fake_settle();
	assert_true(fake_runs(d->vcpu[0]));
	domain_crash(d, "test %d", 7);
	fake_settle();
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	assert_non_null(strstr(fake_console, "test 7"));
	assert_int_equal(domain_pause_by_controller(d), 0);
	domain_info(d, &info);
	assert_true(info.flags & XEN_DOMINF_paused);
	fake_kill(d);
}

/* ---- blocking ---- */

static unsigned cpu_of(struct vcpu *v)
{
	for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++)
		if (fake_current[cpu] == v)
			return cpu;
	assert_true(!"the vcpu runs");
	return 0;
}

static void do_block(void *arg)
{
	vcpu_block();
}

static void test_block_and_event(void **state)
{
	struct domain *d = fake_domain(5, 2, false);
	struct vcpu *v = d->vcpu[0];
	unsigned switches;
	u32 port;

	assert_int_equal(event_bind_ipi(d, 0, &port), 0);
	v->info->evtchn_upcall_mask = 1;
	fake_on(cpu_of(v), do_block, NULL);
	assert_false(fake_runs(v));
	assert_int_equal(v->info->evtchn_upcall_mask, 0);
	assert_int_equal(v->runstate.state, RUNSTATE_blocked);
	switches = ((struct fake_vcpu *)v)->switches_in;
	assert_int_equal(event_send(d, port), 0);
	fake_settle();
	assert_true(fake_runs(v));
	assert_int_equal(((struct fake_vcpu *)v)->switches_in, switches + 1);
	assert_true(vcpu_events_to_deliver(v));
	/* with an event pending it does not block at all */
	v->info->evtchn_upcall_mask = 1;
	fake_on(cpu_of(v), do_block, NULL);
	assert_true(fake_runs(v));
	assert_int_equal(((struct fake_vcpu *)v)->switches_in, switches + 1);
	fake_kill(d);
}

struct poll_call {
	u32 ports[2];
	unsigned count;
	u64 timeout;
	int rc;
};

static void do_poll(void *arg)
{
	struct poll_call *p = arg;

	p->rc = vcpu_poll(p->ports, p->count, p->timeout);
}

static void test_poll(void **state)
{
	struct domain *d = fake_domain(5, 2, false);
	struct vcpu *v = d->vcpu[0];
	struct poll_call p = { .count = 1 };
	u32 a, b, c;

	assert_int_equal(event_bind_ipi(d, 1, &a), 0);
	assert_int_equal(event_bind_ipi(d, 1, &b), 0);
	assert_int_equal(event_bind_ipi(d, 1, &c), 0);
	d->shared->evtchn_mask[0] = ~0ul; /* polling is for masked ports */
	v->info->evtchn_upcall_mask = 1;
	p.ports[0] = 4000;
	fake_on(cpu_of(v), do_poll, &p);
	assert_int_equal(p.rc, -EINVAL);
	assert_true(fake_runs(v));
	assert_int_equal(d->pollers, 0);

	p.ports[0] = a;
	fake_on(cpu_of(v), do_poll, &p);
	assert_int_equal(p.rc, 0);
	assert_false(fake_runs(v));
	assert_int_equal(event_send(d, b), 0);
	fake_settle();
	assert_false(fake_runs(v));
	assert_int_equal(event_send(d, a), 0);
	fake_settle();
	assert_true(fake_runs(v));
	assert_int_equal(d->pollers, 0);
	fake_on(cpu_of(v), do_poll, &p); /* still pending: returns at once */
	assert_true(fake_runs(v));
	assert_int_equal(d->pollers, 0);

	d->shared->evtchn_pending[0] = 0;
	p = (struct poll_call){ .ports = { a, c }, .count = 2, .timeout = fake_time + 3000000 };
	fake_on(cpu_of(v), do_poll, &p);
	assert_false(fake_runs(v));
	fake_advance(fake_time + 2000000);
	assert_false(fake_runs(v));
	fake_advance(fake_time + 1000001);
	assert_true(fake_runs(v));
	p.timeout = 0;
	fake_on(cpu_of(v), do_poll, &p);
	assert_false(fake_runs(v));
	assert_int_equal(event_send(d, c), 0);
	fake_settle();
	assert_true(fake_runs(v));
	p = (struct poll_call){ .count = 0, .timeout = fake_time - 1 };
	fake_on(cpu_of(v), do_poll, &p);
	assert_true(fake_runs(v));
	/* a domain that polls can be killed, also without end */
	p = (struct poll_call){ .count = 0 };
	fake_on(cpu_of(v), do_poll, &p);
	assert_false(fake_runs(v));
	fake_kill(d);
	assert_int_equal(fake_domains_alive, 0);
}

static struct vcpu *placed;
static gfn_t place_frame;

static void place_from_another_vcpu(void)
{
	assert_int_equal(vcpu_place_info(placed, place_frame, 128), 0);
}

/* Two vcpus place a third one's information at once: one of them is refused and holds nothing. */
static void test_place_info_race(void **state)
{
	struct domain *d = fake_domain(5, 2, true);
	struct page *p = page_alloc(d, 0, 0), *q = page_alloc(d, 0, 0);

	placed = d->vcpu[1];
	placed->flags = VCPU_DOWN;
	place_frame = gfn(page_frame(q).n);
	fake_hook = place_from_another_vcpu;
	assert_int_equal(vcpu_place_info(placed, gfn(page_frame(p).n), 64), -EINVAL);
	assert_ptr_equal(placed->info, (u8 *)page_map(q) + 128);
	assert_int_equal(p->type, 0);
	assert_int_equal(p->ref & PAGE_COUNT, 1);
	assert_int_equal(q->ref & PAGE_COUNT, 2);
	fake_kill(d);
	assert_int_equal(fake_domains_alive, 0);
}

static void test_place_info(void **state)
{
	struct domain *d = fake_domain(5, 2, true), *other = fake_domain(6, 1, true);
	struct page *p = page_alloc(d, 0, 0), *foreign = page_alloc(other, 0, 0);
	struct vcpu *v = d->vcpu[1];
	gfn_t frame = gfn(page_frame(p).n);

	v->flags = VCPU_DOWN;
	assert_int_equal(vcpu_place_info(v, frame, 4096 - 63), -ENXIO);
	assert_int_equal(vcpu_place_info(v, frame, 4), -ENXIO);
	assert_int_equal(vcpu_place_info(v, gfn(~0ull), 0), -EINVAL);
	assert_int_equal(vcpu_place_info(v, gfn(page_frame(foreign).n), 0), -EINVAL);
	p->type = 1ull << 63; /* a page table */
	assert_int_equal(vcpu_place_info(v, frame, 64), -EINVAL);
	p->type = 0;
	v->info->evtchn_upcall_mask = 1;
	assert_int_equal(vcpu_place_info(v, frame, 64), 0);
	assert_ptr_equal(v->info, (u8 *)page_map(p) + 64);
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(v->info->evtchn_upcall_mask, 1);
	assert_true(v->info->evtchn_pending_sel == ~0ul);
	assert_int_equal(p->type, 1);
	assert_int_equal(p->ref & PAGE_COUNT, 2);
	assert_int_equal(vcpu_place_info(v, frame, 0), -EINVAL); /* once only */
	fake_kill(d);
	fake_kill(other);
}

/* More lives than there may be domains at once. */
static void test_short_lives(void **state)
{
	for (unsigned i = 0; i < MAX_DOMAINS + 10; i++)
		fake_kill(fake_domain((u16)(1 + i % 50), 1, true));
	assert_int_equal(fake_domains_alive, 0);
}

static void test_many_lives(void **state)
{
	u64 least = ~0ull; /* free frames; the heap may keep a page of a size class or not */

	for (unsigned i = 0; i < 300; i++) {
		struct domain *d = fake_domain((u16)(10 + i % 7), 3, i % 2),
			      *peer = fake_domain(100, 1, true);
		u32 port, other;

		for (unsigned k = 0; k < 20; k++) {
			assert_int_equal(event_alloc_unbound(d, 100, &port), 0);
			assert_int_equal(event_bind_interdomain(peer, d, port, &other), 0);
			assert_non_null(page_alloc(d, k % 3, 0));
		}
		assert_int_equal(vcpu_set_singleshot(d->vcpu[0], fake_time + 10000000), 0);
		fake_advance(fake_time + 1000000);
		fake_kill(i % 3 ? d : peer);
		fake_kill(i % 3 ? peer : d);
		assert_int_equal(fake_domains_alive, 0);
		if (i < 60)
			least = min(least, frames_free());
		assert_true(frames_free() >= least);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_refusals),
		cmocka_unit_test(test_create_without_memory),
		cmocka_unit_test(test_own_info),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_death_waits_for_references),
		cmocka_unit_test(test_kill_itself),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_shutdown_and_info),
		cmocka_unit_test(test_block_and_event),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_place_info),
		cmocka_unit_test(test_place_info_race),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_many_lives),
	};

	fake_boot(4, 2048);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
