/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's console: a ring that keeps all text (xl dmesg), the wires (serial, VGA), input
 * that goes to the control domain or, after Ctrl-A three times, to the debug keys; and guests'
 * CONSOLEIO_write lines, prefixed with (dN) and rate limited.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/domain.h"

void console_init(void);			    /* the command line was read */
void console_ring_grow(void);			    /* there is memory: conring_size */
void console_write(const char *text, size_t bytes); /* to ring and wires; any context */
void console_domain_free(struct domain *d);
int console_guest_write(struct domain *d, const char *text, size_t bytes);
size_t console_guest_read(char *to, size_t bytes); /* input for the control domain */
/* XEN_SYSCTL_readconsole: copy from *index on; returns bytes; *index is where to go on. clear
 * empties the ring. */
size_t console_ring_read(char *to, size_t bytes, u32 *index, bool clear, bool incremental);

#endif
