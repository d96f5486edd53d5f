/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of HYPERVISOR_memory_op, one file each. */
#ifndef HC_MEMORY_H
#define HC_MEMORY_H

#include "hc/guest.h"

#define MEMORY_ORDER_MAX_EXCHANGE 12 /* 16 MiB */

long memory_exchange(GUEST_PTR(void) arg);	/* memory_exchange.c */
long memory_query(u32 op, GUEST_PTR(void) arg); /* memory_query.c: what changes no reservation */

#endif
