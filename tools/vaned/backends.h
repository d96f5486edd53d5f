/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vaned's care for the back ends in user space: one process for each domain and kind that has
 * devices in xenstore. It starts them, starts them again when they end, finds those that a vaned
 * before it started, and opens for them what they may not open (backend_source.h).
 */
#ifndef TOOLS_VANED_BACKENDS_H
#define TOOLS_VANED_BACKENDS_H

#include <systemd/sd-event.h>

#include "tools/lib/error.h"

int backends_start(sd_event *loop, struct error *e);
/* Every few seconds: makes a lost connection to xenstore anew and looks around. */
void backends_tick(void);

#endif
