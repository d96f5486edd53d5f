/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Defaults of the host, from /etc/xen/xl.conf, for what a guest's configuration leaves open. A file
 * that cannot be read costs its defaults and a warning, never the guest.
 */
#ifndef TOOLS_LIB_HOSTCONF_H
#define TOOLS_LIB_HOSTCONF_H

#include "tools/lib/config.h"

/* Fill c's interfaces and limits where they were not given. */
void hostconf_apply(struct config *c);
/* Who serves devices that do not say it: name is "disk" or "vif", for disk.default.backendtype;
 * blkback and netback do unless the file says phy. */
enum backend_type hostconf_backend(const char *name);

#endif
