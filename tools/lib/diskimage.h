/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk images that are not raw (qcow2, vmdk, vdi, vhd, vhdx, qed), and disks elsewhere (NBD). A
 * process for each shows it as a raw file (by FUSE), which blkback opens as any other. A killed
 * blkback's I/O to such a file is awaited by its successor as for any file, so restarts are as
 * safe. Images are never parsed by us: theirs is a qemu-storage-daemon; raw NBD's is blkback-nbd.
 */
#ifndef TOOLS_LIB_DISKIMAGE_H
#define TOOLS_LIB_DISKIMAGE_H

#include "tools/lib/config.h"
#include "tools/lib/device.h"

#define DISKIMAGE_QEMU "qemu-storage-daemon"
#define DISKIMAGE_NBD  "blkback-nbd"

/* Does the disk need this: another format than raw, or an NBD URI. */
bool diskimage_is(const struct disk_config *d);
/* The program that serves it. */
const char *diskimage_server(const struct disk_config *d);
/* QEMU's name of a format of xl's, NULL if it is none of the above. */
const char *diskimage_driver(const char *format);
/* "nbd://host[:port][/export]" or "nbd+unix://[/export]?socket=path". */
bool diskimage_is_nbd(const char *target);
/* An NBD URI in one form, for comparing: host in small letters, port and export. Caller frees.
 * Pure. */
char *diskimage_nbd_name(const char *uri);
/* The two block nodes of a disk for qemu-storage-daemon, as --blockdev takes them; caller frees.
 * Pure. */
int diskimage_blockdevs(
	const struct disk_config *d, char **protocol, char **format, struct error *e);
/* The raw file that stands for a device. */
void diskimage_file(uint32_t domid, uint32_t devid, char *path, size_t size);
/* Start the process; diskimage_file() is there afterwards. -1 with e, and nothing is left. */
int diskimage_start(const struct device *dev, const struct disk_config *d, struct error *e);
/* Stop it, with everything written. Nothing happens if there is none. */
void diskimage_stop(uint32_t domid, uint32_t devid);

#endif
