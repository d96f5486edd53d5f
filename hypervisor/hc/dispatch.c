/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a guest's SYSCALL to a handler: number, permission, argument types, restart. All of it is
 * derived from abi/hypercalls.def. Permission is decided before anything of the call is looked at
 * (A6); an unknown number is counted and traced here and nowhere else.
 */
#include "core/trace.h"
#include "hc/hypercall.h"
#include "lib/atomic.h"
#include "x86/regs.h"

enum who { WHO_NONE, WHO_PV, WHO_ANY, WHO_PRIV };

/*
 * Every handler behind one signature: the calling convention puts the guest's six arguments where a
 * direct call would have them.
 */
typedef long thunk(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

#define RAW		u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5
#define AS_PTR(T, name) as_ptr_##T
#define AS_VAL(T, name) (T)
#define HC0(nr, name, who, flags)     \
	static long thunk_##name(RAW) \
	{                             \
		return hc_##name();   \
	}
#define HC1(nr, name, who, flags, a)          \
	static long thunk_##name(RAW)         \
	{                                     \
		return hc_##name(AS_##a(a0)); \
	}
#define HC2(nr, name, who, flags, a, b)                   \
	static long thunk_##name(RAW)                     \
	{                                                 \
		return hc_##name(AS_##a(a0), AS_##b(a1)); \
	}
#define HC3(nr, name, who, flags, a, b, c)                            \
	static long thunk_##name(RAW)                                 \
	{                                                             \
		return hc_##name(AS_##a(a0), AS_##b(a1), AS_##c(a2)); \
	}
#define HC4(nr, name, who, flags, a, b, c, d)                                     \
	static long thunk_##name(RAW)                                             \
	{                                                                         \
		return hc_##name(AS_##a(a0), AS_##b(a1), AS_##c(a2), AS_##d(a3)); \
	}
#include "abi/hypercalls.def"
#undef HC0
#undef HC1
#undef HC2
#undef HC3
#undef HC4

#define HC_ROW(nr, nm, wh) [nr] = { .call = thunk_##nm, .name = #nm, .who = WHO_##wh },

#define HC0(nr, name, who, flags)	      HC_ROW(nr, name, who)
#define HC1(nr, name, who, flags, a)	      HC_ROW(nr, name, who)
#define HC2(nr, name, who, flags, a, b)	      HC_ROW(nr, name, who)
#define HC3(nr, name, who, flags, a, b, c)    HC_ROW(nr, name, who)
#define HC4(nr, name, who, flags, a, b, c, d) HC_ROW(nr, name, who)
static const struct {
	thunk *call;
	const char *name;
	enum who who;
} table[HYPERCALL_LIMIT] = {
#include "abi/hypercalls.def"
};

/*
 * The arguments to go on with, from hc_restart to the end of the call on the same CPU; a handler
 * that names none keeps its own. own_result: the call's answer is the guest's, though it looks like
 * -ERESTART.
 */
static struct {
	u64 args[HYPERCALL_ARGS];
	unsigned count;
	bool own_result;
} restart[NR_CPUS];

static u64 unknown_calls;

const char *hypercall_name(u64 nr)
{
	return nr < HYPERCALL_LIMIT && table[nr].name ? table[nr].name : "?";
}

long hc_restart(unsigned count, ...)
{
	unsigned cpu = cpu_id();
	va_list ap;

	va_start(ap, count);
	for (unsigned i = 0; i < count && i < HYPERCALL_ARGS; i++)
		restart[cpu].args[i] = va_arg(ap, u64);
	va_end(ap);
	restart[cpu].count = count;
	return -ERESTART;
}

void hc_own_restart(void)
{
	restart[cpu_id()].own_result = true;
}

int hc_unknown(u64 nr, u64 sub_op)
{
	atomic_inc(&unknown_calls);
	trace(TRACE_unknown_hypercall, nr, sub_op);
	return -ENOSYS;
}

u64 hc_unknown_count(void)
{
	return atomic_read(&unknown_calls);
}

static always_inline long run(u64 nr, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	if (unlikely(nr >= HYPERCALL_LIMIT))
		return hc_unknown(nr, a0);
	nr = bounded(nr, HYPERCALL_LIMIT);
	if (unlikely(!table[nr].call))
		return hc_unknown(nr, a0);
	if (unlikely(table[nr].who == WHO_PRIV) && !current_domain()->privileged)
		return fail(EPERM);
	return table[nr].call(a0, a1, a2, a3, a4, a5);
}

long hypercall_run(u64 nr, u64 args[HYPERCALL_ARGS])
{
	long ret = run(nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	if (unlikely(ret == -ERESTART)) {
		unsigned cpu = cpu_id();

		for (unsigned i = 0; i < restart[cpu].count; i++)
			args[i] = restart[cpu].args[i];
		restart[cpu].count = 0;
	}
	return ret;
}

/* Make the guest issue the call again; false: the value is a result after all. */
static __attribute__((noinline)) bool store_restart(struct regs *regs)
{
	u64 *const slot[HYPERCALL_ARGS] = { &regs->rdi, &regs->rsi, &regs->rdx, &regs->r10,
		&regs->r8, &regs->r9 };
	unsigned cpu = cpu_id();

	if (restart[cpu].own_result) {
		restart[cpu].own_result = false;
		return false;
	}
	for (unsigned i = 0; i < restart[cpu].count; i++)
		*slot[i] = restart[cpu].args[i];
	restart[cpu].count = 0;
	regs->rip -= 2; /* SYSCALL is two bytes; rax still has the number */
	return true;
}

void hypercall(struct regs *regs)
{
	long ret = run(regs->rax, regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9);

	if (unlikely(ret == -ERESTART) && store_restart(regs))
		return;
	regs->rax = (u64)ret;
}

int hc_domain_get(u16 domid, struct domain **out)
{
	struct domain *self = current_domain();

	*out = NULL;
	if (domid == DOMID_SELF || domid == self->id) {
		if (!domain_get(self))
			return fail(ESRCH);
		*out = self;
		return 0;
	}
	if (!self->privileged)
		return fail(EPERM);
	*out = domain_find(domid);
	return *out ? 0 : fail(ESRCH);
}
