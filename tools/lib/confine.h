/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process that reads a guest's or a stranger's bytes gives up before the first of them: the
 * host's network, its files (an empty root), its user (a number of its own), all capabilities, new
 * privileges, core dumps, and every system call but those listed. Its open descriptors are what it
 * has left.
 */
#ifndef TOOLS_LIB_CONFINE_H
#define TOOLS_LIB_CONFINE_H

#include <sys/resource.h>
#include <sys/types.h>

#include "tools/lib/error.h"

/* First user ids, above what systemd's documentation of user ids gives to anyone; + the domain's
 * id, so that processes of two guests, or of two kinds, cannot touch each other. */
#define UID_BLOCK   0x70000000
#define UID_NETWORK 0x70008000
#define UID_NBD	    0x70010000

/* A network, IPC and host name of its own. Before there is a second thread. */
int confine_namespaces(struct error *e);
/* No new privileges, and no system calls but those of two lists that end with -1; `more` may be
 * NULL. Any other ends the process. Not 0: it could not be done. */
int confine_calls(const int *calls, const int *more);
/* Both limits of a resource. */
void confine_limit(int what, rlim_t value);
/* All but the namespaces; `calls`, `more`: as above. */
int confine(uid_t uid, const int *calls, const int *more, struct error *e);

#endif
