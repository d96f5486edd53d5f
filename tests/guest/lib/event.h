/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels, two-level ABI: binding helpers and the upcall that counts what came in (PV-ABI
 * fact 21). */
#ifndef PVT_EVENT_H
#define PVT_EVENT_H

#include "base.h"
#include "hypercall.h"

#define MAX_COUNTED 4096

/* Upcalls counted per port; test_and_clear by the test. */
extern volatile u32 event_count[MAX_COUNTED];

/* Called on each upcall: clears what is pending and unmasked, and counts it. */
void event_dispatch(void);

/* A port bound to ourselves, so that event_send(port) makes it pending here; or a negative error.
 * The sending end is *OTHER when given. */
long event_bind_self(u32 *other);
long event_send(u32 port);
long event_close(u32 port);
long event_status(u32 port, struct evtchn_status *status);
bool event_pending(u32 port);
void event_clear(u32 port);
void event_mask(u32 port, bool masked);
long event_unmask(u32 port); /* by hypercall */

/* The vcpu's own upcall mask. Enabling also takes what is pending, as the ABI demands. */
void upcalls_disable(void);
void upcalls_enable(void);

/* Close all ports but the reserved one 0, clear and mask every bit. */
void event_reset(void);

#endif
