/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU sets in the control interface: struct xenctl_bitmap, as many bits as the caller has room for.
 */
#ifndef HC_BITMAP_H
#define HC_BITMAP_H

#include <xen/xen.h>

#include "lib/cpumask.h"

/* Bits beyond nr_bits are 0, bits beyond NR_CPUS are dropped. EFAULT. */
must_check int cpumask_from_guest(struct cpumask *mask, const struct xenctl_bitmap *from);
/* Writes exactly nr_bits bits, rounded up to bytes; those that are no CPU's are 0. EFAULT. */
must_check int cpumask_to_guest(const struct xenctl_bitmap *to, const struct cpumask *mask);

#endif
