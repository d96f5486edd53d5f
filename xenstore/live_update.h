/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live update: the process executes another binary, which finds everything in the log, as after a
 * crash, and also the sockets, which stay open. `xenstore-control live-update` first sends -f (the
 * binary) and -c (arguments), then -s.
 */
#ifndef XENSTORE_LIVE_UPDATE_H
#define XENSTORE_LIVE_UPDATE_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct store;

/* How this process was started: what is executed when nothing else is said. */
void live_update_init(char **argv);
/* One command: the answer goes into `text`. 0 or an errno. */
int live_update_control(
	struct conn *c, const char *const *arg, uint32_t n, char *text, size_t size);
/* Go. Returns only when it failed, and then everything goes on as before. */
void live_update_now(struct store *s);

#endif
