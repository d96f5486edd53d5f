/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_multicall: many calls for one entry. Each entry's result goes to the entry; an unknown
 * number makes that entry's result -ENOSYS and the rest goes on; it ends at iret, whose frame the
 * guest then runs (XSA-213). Between entries the call may stop and be run again on the rest of the
 * list; an entry that itself stops is written back with the arguments to go on with.
 */
#include "core/softirq.h"
#include "hc/hypercall.h"

#define BATCH		  8 /* entries copied in at once */
#define ENTRIES_PER_CHECK 64

static long run_entry(multicall_entry_t *e)
{
	if (e->op == __HYPERVISOR_multicall)
		return fail(EINVAL);
	return hypercall_run(e->op, (u64 *)e->args);
}

long hc_multicall(GUEST_PTR(multicall_entry_t) calls, u32 count)
{
	multicall_entry_t e[BATCH] __attribute__((uninitialized)); /* used once copied in */
	u32 i;

	for (i = 0; i < count; i++) {
		multicall_entry_t *now = &e[i % BATCH];
		u64 left = count - i;

		if (i % ENTRIES_PER_CHECK == ENTRIES_PER_CHECK - 1 && should_yield())
			return hc_restart(2, calls.addr + i * sizeof(e[0]), (u64)(count - i));
		if (i % BATCH == 0 &&
			guest_in(e, calls.addr, i, sizeof(e[0]), min(left, (u64)BATCH)))
			return -EFAULT;
		long ret = run_entry(now);

		if (now->op == __HYPERVISOR_iret)
			return ret; /* the frame is the guest's new state already */
		if (ret == -ERESTART) {
			if (guest_put(calls, i, now))
				return -EFAULT;
			return hc_restart(2, calls.addr + i * sizeof(e[0]), left);
		}
		if (guest_out(calls.addr + i * sizeof(e[0]) + offsetof(multicall_entry_t, result),
			    0, &ret, sizeof(ret), 1))
			return -EFAULT;
	}
	return 0;
}
