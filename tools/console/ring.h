/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two byte rings of a console page, seen from domain 0. The page belongs to the guest and is
 * hostile: indices are read once and checked, data is copied out before anyone looks at it. ABI:
 * <xen/io/console.h>.
 */
#ifndef TOOLS_CONSOLE_RING_H
#define TOOLS_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/io/console.h>

/* Take what the guest wrote, at most size bytes. The number taken, -1 when the guest's indices make
 * no sense. */
ssize_t ring_take(volatile struct xencons_interface *r, char *out, size_t size);
/* Give bytes to the guest, as many as fit. The number given, -1 as above. */
ssize_t ring_give(volatile struct xencons_interface *r, const char *in, size_t size);
/* Room for the guest's input; 0 when full or senseless. */
size_t ring_room(volatile struct xencons_interface *r);

#endif
