/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time that guests read from memory: the conversion of the machine's scale, for tests apart. */
#ifndef PV_CLOCK_H
#define PV_CLOCK_H

#include "pv/pv.h"

/* All fields but the version. */
void clock_fill(struct vcpu_time_info *t, const struct time_scale *s);
/* Write to a kernel address of v, which is loaded on this CPU, in whatever mode it is. False: not
 * mapped writable. */
bool pv_kernel_write(struct vcpu *v, u64 va, const void *from, u64 bytes);

#endif
