/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vcpu's whole state as <xen/arch-x86/xen.h> vcpu_guest_context: set once by VCPUOP_initialise or
 * by the control domain, read by it. */
#ifndef PV_CONTEXT_H
#define PV_CONTEXT_H

#include "pv/pv.h"

/* Check all, then commit. EINVAL, EEXIST when already initialised (unless `again`), ERESTART. */
must_check int pv_context_set(struct vcpu *v, const struct vcpu_guest_context *c, bool again);
void pv_context_get(struct vcpu *v, struct vcpu_guest_context *c);

#endif
