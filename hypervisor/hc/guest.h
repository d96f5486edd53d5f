/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest pointers: typed, not dereferenceable. A handler copies its argument in once, works on the
 * copy, copies results out of a zeroed struct. The address check is at the access (A1, A2).
 * GUEST_PTR(T) is an argument of a hypercall; GUEST_FIELD(h) makes one of a handle inside a struct
 * that was copied in.
 */
#ifndef HC_GUEST_H
#define HC_GUEST_H

#include "x86/machine.h"

struct guest_ptr_void {
	u64 addr;
};

#define GUEST_PTR(T) struct guest_ptr_##T
#define DEFINE_GUEST_PTR(T)                                       \
	struct guest_ptr_##T {                                    \
		u64 addr;                                         \
		T type[0];                                        \
	};                                                        \
	static inline struct guest_ptr_##T as_ptr_##T(u64 addr) { \
		return (struct guest_ptr_##T){ .addr = addr };    \
	}

static inline struct guest_ptr_void as_ptr_void(u64 addr)
{
	return (struct guest_ptr_void){ .addr = addr };
}

/* The address in a XEN_GUEST_HANDLE. */
#define GUEST_ADDR(handle) ((u64)(uintptr_t)(handle).p)

/*
 * Copy elements [index, index + count) of `size` bytes of the array at addr. 0, or -EFAULT when any
 * byte is not accessible to the guest or the range wraps; what was copied by then is undefined.
 */
must_check int guest_in(void *to, u64 addr, u64 index, u64 size, u64 count);
must_check int guest_out(u64 addr, u64 index, const void *from, u64 size, u64 count);

/* guest_in of one object: there is nothing to multiply, and the copy checks the range itself. */
must_check static inline int guest_in_one(void *to, u64 addr, u64 size)
{
	return unlikely(guest_copy_in(to, addr, size)) ? fail(EFAULT) : 0;
}

/* Before a handler changes anything: could the array be a guest's? False is -EFAULT; true promises
 * nothing. */
bool guest_array_ok(u64 addr, u64 size, u64 count);

#define guest_get(to, ptr, index)   guest_in((to), (ptr).addr, (index), sizeof(*(ptr).type), 1)
#define guest_put(ptr, index, from) guest_out((ptr).addr, (index), (from), sizeof(*(ptr).type), 1)
/* For void pointers: the size is that of the object here. */
#define guest_read(to, ptr)    guest_in_one((to), (ptr).addr, sizeof(*(to)))
#define guest_write(ptr, from) guest_out((ptr).addr, 0, (from), sizeof(*(from)), 1)
/* Elements of the array that a handle in a struct points to. */
#define handle_get(to, handle, index) guest_in((to), GUEST_ADDR(handle), (index), sizeof(*(to)), 1)
#define handle_put(handle, index, from) \
	guest_out(GUEST_ADDR(handle), (index), (from), sizeof(*(from)), 1)

#endif
