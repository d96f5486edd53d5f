/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/netback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_netback(data, len);
	return 0;
}
