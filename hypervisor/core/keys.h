/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: one registered handler a character, listed by 'h'; from the serial console and
 * XEN_SYSCTL_debug_keys. */
#ifndef CORE_KEYS_H
#define CORE_KEYS_H

#include "lib/base.h"

void key_register(char key, const char *text, void (*fn)(void));
void key_handle(char key);
void keys_init(void);

#endif
