/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest pointers: typed, not dereferenceable. A handler copies its argument in once, works on the copy, copies results out of a
 * zeroed struct. The address check is at the access (A1, A2).
 */
#ifndef HC_GUEST_H
#define HC_GUEST_H

#include "x86/machine.h"

/* A guest address of T. */
#define guest_ptr(T)                                                                               \
	struct {                                                                                   \
		u64 addr;                                                                          \
		T type[0];                                                                         \
	}

must_check int guest_in(void *to, u64 addr, u64 index, u64 size, u64 count);  /* EFAULT, EOVERFLOW->EFAULT */
must_check int guest_out(u64 addr, u64 index, const void *from, u64 size, u64 count);

#define guest_get(to, ptr, index)        guest_in((to), (ptr).addr, (index), sizeof(*(ptr).type), 1)
#define guest_put(ptr, index, from)      guest_out((ptr).addr, (index), (from), sizeof(*(ptr).type), 1)

#endif
