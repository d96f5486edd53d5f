/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the store on a script; aborts when something is wrong. */
#ifndef FUZZ_XENSTORE_H
#define FUZZ_XENSTORE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

int fuzz_xenstore(const uint8_t *data, size_t size);

#endif
