/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going into the background, so that whoever starts a daemon may go on when it serves: the first
 * process waits until the second says that it is ready, and ends with 0, or with 1 if it ended
 * before. Under systemd (NOTIFY_SOCKET) and in the foreground there is one process, and the
 * supervisor is told.
 */
#ifndef TOOLS_LIB_DAEMON_H
#define TOOLS_LIB_DAEMON_H

#include <stdbool.h>

/* Before anything is opened. Returns in the process that is to serve. */
void daemon_start(bool foreground);
/* Serving: lets the first process end. */
void daemon_ready(void);

#endif
