/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live update: another binary takes over with all state, connections and open transactions. */
#ifndef XENSTORE_LIVE_UPDATE_H
#define XENSTORE_LIVE_UPDATE_H

#include <stddef.h>
#include <stdint.h>

struct conn;

/* `xenstore-control live-update ...`: the answer goes into `text`. 0 or an errno. */
int live_update_control(struct conn *c, const char *const *arg, uint32_t n, char *text, size_t size);

#endif
