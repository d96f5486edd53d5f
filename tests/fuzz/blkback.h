/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One fuzzed life of a hostile front end, for libFuzzer and for the host tests. */
#ifndef TESTS_FUZZ_BLKBACK_H
#define TESTS_FUZZ_BLKBACK_H

#include <stddef.h>
#include <stdint.h>

int fuzz_blkback(const uint8_t *data, size_t size);

#endif
