/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * printf without a library: %d %i %u %x %X %o %c %s %p %% with flags 0 - + # space, width,
 * precision, h hh l ll z t. Both return the length that the whole text has; the buffer always ends
 * with NUL when size is not 0.
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include "lib/base.h"

int snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

#endif
