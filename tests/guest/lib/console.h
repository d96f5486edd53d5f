/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transcript: a small printf to the hypervisor's console, or in a child domain to the page that
 * dom0 reads. */
#ifndef PVT_CONSOLE_H
#define PVT_CONSOLE_H

#include "base.h"

/* %s %c %d %u %x %p with an optional width, 0 and l. Returns the length written, at most SIZE - 1.
 */
size_t format(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t vformat(char *to, size_t size, const char *fmt, va_list args);

/* Lines are written whole, so that they do not mix with the hypervisor's own. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void print_raw(const char *text, size_t size);

#endif
