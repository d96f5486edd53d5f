/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_sysctl by subject; the operation is copied in, changed, and copied back when the row
 * says so.
 */
#ifndef HC_SYSCTL_H
#define HC_SYSCTL_H

#include <xen/sysctl.h>

#include "lib/base.h"

/* sysctl_host.c: the machine */
int sysctl_physinfo(xen_sysctl_t *op);
int sysctl_cpu_info(xen_sysctl_t *op);
int sysctl_heap(xen_sysctl_t *op);
int sysctl_cpu_topology(xen_sysctl_t *op);
int sysctl_numa(xen_sysctl_t *op);
int sysctl_pci_topology(xen_sysctl_t *op);
int sysctl_levelling(xen_sysctl_t *op);
int sysctl_featureset(xen_sysctl_t *op);
int sysctl_cpu_policy(xen_sysctl_t *op);

/* sysctl.c: domains, scheduler, console */
int sysctl_read_console(xen_sysctl_t *op);
int sysctl_debug_keys(xen_sysctl_t *op);
int sysctl_domain_list(xen_sysctl_t *op);
int sysctl_sched_id(xen_sysctl_t *op);
int sysctl_scheduler(xen_sysctl_t *op);
int sysctl_pool(xen_sysctl_t *op);

#endif
