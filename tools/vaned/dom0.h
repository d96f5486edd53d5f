/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nodes by which the control domain is known in xenstore: what Xen's xen-init-dom0 writes there
 * (xenstore-paths(7)).
 */
#ifndef TOOLS_VANED_DOM0_H
#define TOOLS_VANED_DOM0_H

#include "tools/lib/store.h"

/* Write them unless they are there. After a failure the next call tries again. */
void dom0_announce(struct store *s);

#endif
