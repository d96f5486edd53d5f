/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taps of interfaces that netback serves.
 */
#ifndef TOOLS_LIB_NICTAP_H
#define TOOLS_LIB_NICTAP_H

#include "tools/lib/error.h"

#define NICTAP_QUEUES 4u /* at most; one for each CPU of the control domain */

/*
 * Open `count` queues of a tap, which is made if it is not there, with `mark` as its alias; their
 * descriptors, or -1.
 */
int nictap_open(const char *name, const char *mark, int *fds, unsigned int count, struct error *e);
/* It goes when nobody has it open any more. */
void nictap_remove(const char *name);

#endif
