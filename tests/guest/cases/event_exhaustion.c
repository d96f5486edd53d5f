// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A domain's ports run out at the number that its creator set (here max_evtchn_port 1023): then
 * each way to bind fails with ENOSPC and changes nothing (SECURITY C9, xsa-496); closing one makes
 * room for one. Port 0 is never given out.
 */
#include "test.h"

static long bind(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	long error = HC(event_channel_op, EVTCHNOP_alloc_unbound, &a);

	return error ? error : a.port;
}

CHILD_TEST(event_exhaustion, "no more ports: every binding fails and leaves no trace")
{
	struct evtchn_bind_interdomain inter = { .remote_dom = DOMID_SELF };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_bind_virq virq = { .virq = VIRQ_DEBUG };
	struct evtchn_status status;
	long port, last = 0, count = 0;

	while ((port = bind()) > 0) {
		last = port;
		count++;
	}
	fact("ports, last, error", "%ld %ld %ld", count, last, port);
	inter.remote_port = last;
	fact("interdomain", "%ld", HC(event_channel_op, EVTCHNOP_bind_interdomain, &inter));
	fact("ipi", "%ld", HC(event_channel_op, EVTCHNOP_bind_ipi, &ipi));
	fact("virq", "%ld", HC(event_channel_op, EVTCHNOP_bind_virq, &virq));
	CHECK_EQ(event_status(last, &status), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_unbound);

	CHECK_EQ(event_close(77), 0);
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
	CHECK_EQ(virq.port, 77);
	CHECK(bind() < 0);
	CHECK_EQ(event_close(77), 0);
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_interdomain, &inter), 0);
	CHECK_EQ(inter.local_port, 77);
	fact("reset", "%ld",
		HC(event_channel_op, EVTCHNOP_reset, &(struct evtchn_reset){ DOMID_SELF }));
	fact("first port afterwards", "%ld", bind());
}
