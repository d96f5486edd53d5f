/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks of a guest, served by our blkback (block devices and raw files as they are), or by the
 * kernel's xen-blkback: block devices as they are, raw files through a loop device that is set up
 * here, anything else through a hotplug script. ABI: <xen/io/blkif.h> for the node names.
 */
#ifndef TOOLS_LIB_DISK_H
#define TOOLS_LIB_DISK_H

#include <stdbool.h>

#include "tools/lib/config.h"
#include "tools/lib/device.h"

/* Checks that need nothing of a domain: the file is there, may be opened, and nobody else uses it
 * so that the two would be at odds (diskuse.h). */
int disk_check(struct store *s, const struct disk_config *d, struct error *e);
int disk_attach(struct store *s, uint32_t domid, const struct disk_config *d, struct error *e);
/* Take a disk away: back end, script, loop device, nodes. Failures are logged, the rest is done. */
void disk_detach(struct store *s, uint32_t domid, uint32_t devid);
/*
 * What a block device can discard: granularity and alignment in bytes from its directory in sysfs
 * (a partition's own, or a whole disk's). false: nothing, or not so that blkback could ask for it.
 */
bool disk_discard_limits(const char *dir, unsigned long *granularity, unsigned long *alignment);
/* For blkback: open what stands behind a disk, see backend_source.h. */
int disk_open(struct store *s, const char *back, uint32_t domid, uint32_t devid, int *fds,
	unsigned int max, struct error *e);

#endif
