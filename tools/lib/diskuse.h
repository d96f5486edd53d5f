/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else uses what is to stand behind a disk: other guests, and the control domain itself.
 */
#ifndef TOOLS_LIB_DISKUSE_H
#define TOOLS_LIB_DISKUSE_H

#include <sys/stat.h>

#include "tools/lib/config.h"
#include "tools/lib/store.h"

/*
 * 0 if nobody uses it whom the disk could harm or be harmed by: no other disk has it, or both only
 * read; and what the disk may write to is not mounted in the control domain. -1 with e, which names
 * the user. st: of the file or block device; NULL for NBD, which is compared by its URI. With
 * access "w!" always 0. The rules are those of Xen's block script.
 */
int diskuse_check(
	struct store *s, const struct disk_config *d, const struct stat *st, struct error *e);
/* The same of two disks that a guest is to have: 0, or -1 with e if they are one storage and one
 * may write to it. */
int diskuse_apart(const struct disk_config *d, const struct disk_config *other, struct error *e);

#endif
