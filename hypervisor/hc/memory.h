/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of HYPERVISOR_memory_op, one file each. */
#ifndef HC_MEMORY_H
#define HC_MEMORY_H

#include "hc/guest.h"

struct domain;
struct page;

#define MEMORY_ORDER_MAX_EXCHANGE 12 /* 16 MiB */

long memory_exchange(GUEST_PTR(void) arg);	/* memory_exchange.c */
long memory_query(u32 op, GUEST_PTR(void) arg); /* memory_query.c: what changes no reservation */

/*
 * Enter 2^order frames that d was just given in the machine-to-phys table, from pfn on. Another
 * vcpu may have given one away again: it may be another domain's by now, and is left.
 */
void memory_name_frames(struct domain *d, struct page *p, unsigned order, u64 pfn);

#endif
