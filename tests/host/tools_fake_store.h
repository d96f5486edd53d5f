/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the two halves of the model only. */
#ifndef TESTS_HOST_TOOLS_FAKE_STORE_H
#define TESTS_HOST_TOOLS_FAKE_STORE_H

#include <stdbool.h>

void fake_store_reset(void);
void fake_store_end(void);
/* Count a call; true (errno set) if it is the one to fail. */
bool fake_call_fails(void);
/* Does CONTROL know "values"? Stock xenstored does not. */
extern bool fake_store_tells;

#endif
