/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens when a guest stops: its configuration's on_poweroff, on_reboot, on_crash and
 * on_watchdog carried out. Used by vaned for every guest, and by `vane create -F` for its own.
 */
#ifndef TOOLS_VANED_LIFECYCLE_H
#define TOOLS_VANED_LIFECYCLE_H

#include "tools/lib/config.h"
#include "tools/lib/domain.h"
#include "tools/lib/store.h"

/* Which action a shutdown reason (SHUTDOWN_* of <xen/sched.h>) asks for; false: none, the domain
 * waits for its tools. */
bool lifecycle_action(const struct config *c, unsigned int reason, enum action *a);

/*
 * Carry it out for a domain that has stopped. The id that the guest has now: unchanged (preserved),
 * a new one (started again), or 0 (gone). -1 with e.
 */
int lifecycle_end(
	struct xen *x, struct store *s, const domain_info *d, uint32_t *next, struct error *e);

/* Stay with a guest through its lives, in the foreground; the exit status. */
int lifecycle_follow(struct xen *x, struct store *s, uint32_t domid);

#endif
