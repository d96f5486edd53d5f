/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of a back end, for the skeleton (backend*.c) alone: kinds have backend_watch() and
 * backend_after() of backend.h.
 */
#ifndef TOOLS_LIB_BACKEND_LOOP_H
#define TOOLS_LIB_BACKEND_LOOP_H

#include <systemd/sd-event.h>

/* 0, or -1; the end of it is for tests. */
int backend_loop_open(void);
void backend_loop_close(void);
/* libsystemd's part. Who sets a source from outside of its handlers says that it changed. */
sd_event *backend_loop(void);
void backend_loop_changed(void);
/*
 * Serve what is ready; wait for it at most timeout ms, -1: as long as it takes. How many were
 * served, -ESHUTDOWN: the loop was told to exit, or another -errno.
 */
int backend_loop_turn(int timeout);

#endif
