/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the control domain from boot modules: dom0.c policy (memory, vcpus, rights), dom0_image.c bzImage and decompression, elf in lib/, dom0_layout.c
 * the start-of-day layout of <xen/xen.h> and its page tables.
 */
#ifndef PV_DOM0_H
#define PV_DOM0_H

#include "x86/boot_info.h"

void dom0_build(const struct boot_info *boot); /* panics, naming what is wrong with the image, when it cannot; leaves dom0 paused */

#endif
