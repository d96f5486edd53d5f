/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of a running guest, on disk: the configuration it was started from ("vane"),
 * and the same as libxl's JSON ("libxl-json", for tools that read that). Files are
 * /var/lib/xen/userdata-d.<domid>.<uuid>.<name>. They are written whole before the guest runs and
 * removed after it is gone, so a daemon that starts again finds every guest.
 */
#ifndef TOOLS_LIB_RECORD_H
#define TOOLS_LIB_RECORD_H

#include "tools/lib/config.h"

/* text: a complete configuration (file, arguments and generated values together). -1 with errno. */
int record_write(uint32_t domid, const struct config *c, const char *path, const char *text);
/* The configuration of a guest. -1 when there is none (or it cannot be read): not one of ours. */
int record_read(uint32_t domid, const uint8_t uuid[16], struct config *c);
/* Replace the disks and interfaces in the record by those of c. -1 with errno. */
int record_devices(uint32_t domid, const struct config *c);
/* Path of the configuration's file (caller frees). */
char *record_path(uint32_t domid, const uint8_t uuid[16], const char *name);
/* Remove everything of this domain id. */
void record_remove(uint32_t domid);

#endif
