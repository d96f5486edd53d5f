/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blkback DOMID: serves the disks of one guest. Start with disk.h.
 */
#include "blkback/disk.h"

int main(int argc, char **argv)
{
	return backend_main(argc, argv, &disk_ops);
}
