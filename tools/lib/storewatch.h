/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon's connection to xenstore: watches for domains that come and go, in an sd-event loop.
 * xenstored may be started again at any time: the connection is tried regularly and made anew when
 * it is gone, and the daemon looks around afresh.
 */
#ifndef TOOLS_LIB_STOREWATCH_H
#define TOOLS_LIB_STOREWATCH_H

#include <systemd/sd-event.h>

#include "tools/lib/store.h"

struct storewatch {
	sd_event *loop;
	struct store *s;
	/* Something changed; timer: nothing did, it is only time (every 5 s). */
	void (*look)(bool timer);
	sd_event_source *io, *timer;
};

/* Connect and watch. -1 with e. */
int storewatch_start(struct storewatch *w, struct error *e);

#endif
