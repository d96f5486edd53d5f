/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs of a domain: state, first context, affinity, scheduler parameters. -1 with errno on
 * failure. ABI: <xen/domctl.h>.
 */
#ifndef TOOLS_LIB_VCPU_H
#define TOOLS_LIB_VCPU_H

#include "tools/lib/units.h"
#include "tools/lib/xen.h"

int vcpu_get(struct xen *x, uint32_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *out);
int vcpu_set_context(
	struct xen *x, uint32_t domid, uint32_t vcpu, const struct vcpu_guest_context *ctxt);
/* ncpus: how many physical CPUs the maps cover. */
int vcpu_get_affinity(struct xen *x, uint32_t domid, uint32_t vcpu, unsigned int ncpus,
	struct cpumap *hard, struct cpumap *soft);
/* Either map may be NULL: not changed. force undoes a pinning by the guest's kernel. */
int vcpu_set_affinity(struct xen *x, uint32_t domid, uint32_t vcpu, unsigned int ncpus,
	const struct cpumap *hard, const struct cpumap *soft, bool force);

/* Weight and cap of a domain, under the name of credit2. */
int sched_get(struct xen *x, uint32_t domid, uint16_t *weight, uint16_t *cap);
int sched_set(struct xen *x, uint32_t domid, uint16_t weight, uint16_t cap);

#endif
