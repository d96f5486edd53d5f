/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon gives up once it serves. Tests under sanitizers link another one, which gives up
 * nothing. */
#ifndef XENSTORE_SANDBOX_H
#define XENSTORE_SANDBOX_H

/* No capability that is gone comes back by running a program. While still root, if at all. */
void sandbox_bounds(void);
/*
 * No capabilities, no way to new ones, and only the system calls of sandbox.c; everything else
 * fails with EPERM. What cannot be had on this machine is reported, never fatal.
 */
void sandbox_enter(void);

#endif
