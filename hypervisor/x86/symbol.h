/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of our functions for backtraces, from a table that the build makes of the linked image. */
#ifndef X86_SYMBOL_H
#define X86_SYMBOL_H

#include "lib/base.h"

/* The function that holds address pc, and how far in; "?" outside the image's text. */
const char *symbol_find(u64 pc, u64 *offset);

#endif
