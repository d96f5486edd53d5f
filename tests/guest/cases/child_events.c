// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event channels between two domains (SECURITY C9): dom0 binds to the port that a child left
 * unbound for it; sends go both ways; a third party's port is refused; when the child dies dom0's
 * end falls back to unbound and sending to it is harmless.
 */
#include "test.h"

static void body(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 0 };
	struct evtchn_alloc_unbound other = { .dom = DOMID_SELF, .remote_dom = 77 };
	struct evtchn_status s;

	CHECK_EQ(HC(event_channel_op, EVTCHNOP_alloc_unbound, &a), 0);
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_alloc_unbound, &other), 0);
	event_mask(a.port, false);
	child_report->word[1] = a.port;
	child_report->word[2] = other.port;
	child_report->word[0] = 1;
	upcalls_enable();
	while (!event_count[a.port])
		HC(sched_op, SCHEDOP_yield, NULL);
	upcalls_disable();
	CHECK_EQ(event_status(a.port, &s), 0);
	fact("the child's end", "%u, dom %u", s.status, s.u.interdomain.dom);
	CHECK_EQ(event_send(a.port), 0);
	child_report->word[0] = 2;
	s = (struct evtchn_status){ .dom = 0, .port = 1 };
	fact("status of dom0's port", "%ld", HC(event_channel_op, EVTCHNOP_status, &s));
	a.dom = 0;
	fact("a port in dom0", "%ld", HC(event_channel_op, EVTCHNOP_alloc_unbound, &a));
	fact("reset of dom0", "%ld",
		HC(event_channel_op, EVTCHNOP_reset, &(struct evtchn_reset){ 0 }));
	fact("global VIRQ", "%ld",
		HC(event_channel_op, EVTCHNOP_bind_virq,
			&((struct evtchn_bind_virq){ .virq = VIRQ_DOM_EXC })));
	fact("pirq 1", "%ld",
		HC(event_channel_op, EVTCHNOP_bind_pirq, &((struct evtchn_bind_pirq){ 1, 0, 0 })));
}

TEST(child_events, "events between domains, and after one died")
{
	struct child *child = child_create(body);
	struct evtchn_bind_interdomain b = { .remote_dom = child->domid };
	struct evtchn_status s;
	u64 start = 0;

	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	b.remote_port = child->report->word[2];
	fact("a port left for another", "%ld", HC(event_channel_op, EVTCHNOP_bind_interdomain, &b));
	b.remote_port = child->report->word[1];
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_interdomain, &b), 0);
	event_clear(b.local_port);
	event_mask(b.local_port, false);
	upcalls_enable();
	CHECK_EQ(event_send(b.local_port), 0);
	while (!event_count[b.local_port])
		CHECK(still_waiting(&start, 5));
	upcalls_disable();
	CHECK_EQ(child_wait(child, 5), SHUTDOWN_poweroff);
	CHECK(child_print(child));
	child_destroy(child);
	CHECK_EQ(event_status(b.local_port, &s), 0);
	fact("our end after its death", "%u", s.status);
	fact("send to it", "%ld", event_send(b.local_port));
}
