/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user that the daemon runs as when root started it. */
#ifndef XENSTORE_USER_H
#define XENSTORE_USER_H

#include <stdbool.h>

#define USER_NAME "xenstored"

/*
 * If there is such a user: give it the run directory and, with `domains`, its group the use of the
 * hypervisor's devices, which a live update opens again; then be it for good. Where that cannot be
 * had the daemon stays root, which is reported. Before anything else is opened.
 */
void user_become(const char *run_dir, bool domains);

#endif
