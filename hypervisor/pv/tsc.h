/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's TSC: the host's, or one of its own that is emulated (XEN_DOMCTL_settscinfo). */
#ifndef PV_TSC_H
#define PV_TSC_H

#include "pv/pv.h"

/* tsc_mode of <xen/domctl.h>. */
enum { TSC_MODE_DEFAULT, TSC_MODE_ALWAYS_EMULATE, TSC_MODE_NEVER_EMULATE };

/*
 * Set a paused domain's TSC: khz 0 is the host's; elapsed is how old it is in ns, which an emulated
 * one counts. By default it is emulated only where the host's runs at another frequency.
 */
void pv_tsc_set(struct domain *d, u32 mode, u32 khz, u32 incarnation, u64 elapsed);
/* XEN_DOMCTL_gettscinfo: what pv_tsc_set on another host needs. */
void pv_tsc_info(struct domain *d, struct xen_domctl_tsc_info *info);
u64 pv_tsc_read(struct domain *d); /* what RDTSC gives its vcpus */
/* Make the host's scale, of time_scale_get, the one that the domain computes its time by. */
void pv_tsc_scale(const struct domain *d, struct time_scale *scale);

#endif
