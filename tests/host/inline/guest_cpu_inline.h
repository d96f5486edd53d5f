/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is inline in guest_cpu.h on the real CPU: here the test's. */
#ifndef GUEST_CPU_INLINE_H
#define GUEST_CPU_INLINE_H

#include "lib/base.h"

void cr3_toggle(u64 cr3);
void gs_swap(void);

#endif
