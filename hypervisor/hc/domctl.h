/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_domctl by subject: each function takes the domain (with a reference held by the
 * dispatcher) and the operation, copied in, and may change it; rows that say so have it copied
 * back. 0 or a negative errno; -ERESTART runs the same call again.
 */
#ifndef HC_DOMCTL_H
#define HC_DOMCTL_H

#include <xen/domctl.h>

#include "core/domain.h"

/* domctl_domain.c: life, limits, rights */
int domctl_create(struct domain *d, xen_domctl_t *op);
int domctl_destroy(struct domain *d, xen_domctl_t *op);
int domctl_pause(struct domain *d, xen_domctl_t *op);
int domctl_unpause(struct domain *d, xen_domctl_t *op);
int domctl_resume(struct domain *d, xen_domctl_t *op);
int domctl_info(struct domain *d, xen_domctl_t *op);
int domctl_max_vcpus(struct domain *d, xen_domctl_t *op);
int domctl_max_mem(struct domain *d, xen_domctl_t *op);
int domctl_handle(struct domain *d, xen_domctl_t *op);
int domctl_time_offset(struct domain *d, xen_domctl_t *op);
int domctl_address_size_get(struct domain *d, xen_domctl_t *op);
int domctl_address_size_set(struct domain *d, xen_domctl_t *op);
int domctl_node_affinity_get(struct domain *d, xen_domctl_t *op);
int domctl_node_affinity_set(struct domain *d, xen_domctl_t *op);
int domctl_virq_handler(struct domain *d, xen_domctl_t *op);

/* domctl_rights.c */
int domctl_irq_permission(struct domain *d, xen_domctl_t *op);
int domctl_iomem_permission(struct domain *d, xen_domctl_t *op);
int domctl_ioport_permission(struct domain *d, xen_domctl_t *op);

/* domctl_vcpu.c: one vcpu's state, scheduling */
int domctl_context_set(struct domain *d, xen_domctl_t *op);
int domctl_context_get(struct domain *d, xen_domctl_t *op);
int domctl_vcpu_info(struct domain *d, xen_domctl_t *op);
int domctl_affinity_set(struct domain *d, xen_domctl_t *op);
int domctl_affinity_get(struct domain *d, xen_domctl_t *op);
int domctl_scheduler(struct domain *d, xen_domctl_t *op);
int domctl_trigger(struct domain *d, xen_domctl_t *op);

/* domctl_state.c: what a domain builder or a migration sets and reads besides */
int domctl_frame_info(struct domain *d, xen_domctl_t *op);
int domctl_hypercall_page(struct domain *d, xen_domctl_t *op);
int domctl_tsc_get(struct domain *d, xen_domctl_t *op);
int domctl_tsc_set(struct domain *d, xen_domctl_t *op);
int domctl_extended_set(struct domain *d, xen_domctl_t *op);
int domctl_extended_get(struct domain *d, xen_domctl_t *op);
int domctl_xstate_get(struct domain *d, xen_domctl_t *op);
int domctl_xstate_set(struct domain *d, xen_domctl_t *op);
int domctl_msrs_get(struct domain *d, xen_domctl_t *op);
int domctl_msrs_set(struct domain *d, xen_domctl_t *op);

/* cpu_policy.c */
int domctl_policy_get(struct domain *d, xen_domctl_t *op);
int domctl_policy_set(struct domain *d, xen_domctl_t *op);

#endif
