/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer's entry. */
#include "tests/fuzz/blkback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_blkback(data, size);
}
