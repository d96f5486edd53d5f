/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest's console: its ring, its event channel, a pty for people and a log. What the guest
 * prints goes to both; what is typed on the pty goes to the guest. A guest that prints without end
 * is read at a bounded rate.
 */
#ifndef TOOLS_CONSOLE_GUESTCON_H
#define TOOLS_CONSOLE_GUESTCON_H

/* First: it asks the public headers for the tools' part. */
#include "tools/lib/domain.h"

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "tools/console/logfile.h"
#include "tools/console/ring.h"
#include "tools/lib/store.h"

struct consoled {
	sd_event *loop;
	struct xen x;
	struct store s;
	xenevtchn_handle *events;
	xengnttab_handle *grants;
	const char *log_dir;
	size_t log_cap;
	struct guestcon *guests;
};

#define PENDING_MAX 65536 /* kept for a pty that nobody reads; the oldest is dropped */

struct guestcon {
	struct guestcon *next;
	struct consoled *c;
	uint32_t domid;
	uint8_t uuid[16];
	volatile struct xencons_interface *ring;
	bool by_grant, broken;
	xenevtchn_port_or_error_t port;
	int master, slave;
	sd_event_source *pty_source, *throttle;
	uint32_t pty_events;
	struct logfile log;
	char pending[PENDING_MAX];
	size_t pending_start, pending_len;
	size_t budget; /* bytes left in this interval */
};

/* Attach to a domain's console. NULL if it has none (yet) or something fails (logged). */
struct guestcon *guestcon_attach(struct consoled *c, const domain_info *d);
void guestcon_detach(struct guestcon *g);
/* The guest rang. */
void guestcon_event(struct guestcon *g);

#endif
