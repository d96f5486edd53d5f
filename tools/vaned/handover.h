/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling vaned of a new guest: one line "watch DOMID\n" over its Unix socket, answered by "ok\n".
 * vaned would find the guest by itself; the answer tells the user that someone looks after it.
 */
#ifndef TOOLS_VANED_HANDOVER_H
#define TOOLS_VANED_HANDOVER_H

#include "tools/lib/error.h"

#include <stdint.h>

int handover(uint32_t domid, struct error *e);

#endif
