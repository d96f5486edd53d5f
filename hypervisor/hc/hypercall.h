/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypercall handlers, derived from abi/hypercalls.def, and what they share. A handler is named
 * hc_<name>, takes typed arguments and returns what the guest finds in rax: a value >= 0 or a
 * negative errno.
 *
 * Long work: a RESTART handler that wants to stop calls hc_restart() with the arguments that say
 * how to go on and returns its value. The arguments live in the guest's registers (or its multicall
 * entry) meanwhile, so a guest can change them: they are counts and positions in its own arrays
 * only, checked again like any other, and a lie harms nobody but the liar.
 */
#ifndef HC_HYPERCALL_H
#define HC_HYPERCALL_H

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#include "core/domain.h"
#include "core/vcpu.h"
#include "hc/guest.h"

DEFINE_GUEST_PTR(u32)
DEFINE_GUEST_PTR(u64)
DEFINE_GUEST_PTR(trap_info_t)
DEFINE_GUEST_PTR(mmu_update_t)
DEFINE_GUEST_PTR(mmuext_op_t)
DEFINE_GUEST_PTR(multicall_entry_t)
DEFINE_GUEST_PTR(evtchn_op_t)
DEFINE_GUEST_PTR(physdev_op_t)
DEFINE_GUEST_PTR(xen_platform_op_t)
DEFINE_GUEST_PTR(xen_sysctl_t)
DEFINE_GUEST_PTR(xen_domctl_t)

#define PTR(T, name)			      GUEST_PTR(T) name
#define VAL(T, name)			      T name
#define HC0(nr, name, who, flags)	      long hc_##name(void);
#define HC1(nr, name, who, flags, a)	      long hc_##name(a);
#define HC2(nr, name, who, flags, a, b)	      long hc_##name(a, b);
#define HC3(nr, name, who, flags, a, b, c)    long hc_##name(a, b, c);
#define HC4(nr, name, who, flags, a, b, c, d) long hc_##name(a, b, c, d);
#include "abi/hypercalls.def"
#undef HC0
#undef HC1
#undef HC2
#undef HC3
#undef HC4
#undef PTR
#undef VAL

#define HYPERCALL_LIMIT 64 /* numbers from here on have no row */
#define HYPERCALL_ARGS	6

struct regs;

/*
 * SYSCALL from a guest kernel (pv/trap.c): number in rax, arguments in rdi rsi rdx r10 r8 r9,
 * result to rax.
 */
void hypercall(struct regs *regs);
/* One call on behalf of a multicall entry: as above, by value. -ERESTART: args say how to go on. */
long hypercall_run(u64 nr, u64 args[HYPERCALL_ARGS]);
const char *hypercall_name(u64 nr); /* "?" when there is none */

/*
 * Keep the arguments of the call that is to run again, and answer -ERESTART. Of the others, the
 * values stay as they were.
 */
must_check long hc_restart(unsigned count, ...);

/*
 * For iret: the answer is what the guest's frame says, any value; never taken for a request to
 * restart.
 */
void hc_own_restart(void);
must_check static inline long hc_own_result(u64 value)
{
	if (unlikely((long)value == -ERESTART))
		hc_own_restart();
	return (long)value;
}

/* A sub-operation that nobody implements: counted and traced here, -ENOSYS. */
must_check int hc_unknown(u64 nr, u64 sub_op);
u64 hc_unknown_count(void);

/*
 * The domain that a guest names, with a reference: itself always, another one only for the control
 * domain. EPERM, ESRCH.
 */
must_check int hc_domain_get(u16 domid, struct domain **out);

static inline struct domain *current_domain(void)
{
	return current_vcpu()->domain;
}

#endif
