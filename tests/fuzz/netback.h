/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One script for a hostile front end of the network back end; see netback.c. */
#ifndef TESTS_FUZZ_NETBACK_H
#define TESTS_FUZZ_NETBACK_H

#include <stddef.h>
#include <stdint.h>

void fuzz_netback(const uint8_t *data, size_t len);

#endif
