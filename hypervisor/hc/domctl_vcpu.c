/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domctls of one vcpu: its context, what it does, where it may run, its domain's share of the CPUs.
 */
#include "core/sched.h"
#include "hc/bitmap.h"
#include "hc/domctl.h"
#include "hc/hypercall.h"
#include "lib/string.h"
#include "pv/context.h"
#include "pv/pv.h"

static int vcpu_reset(struct vcpu *v)
{
	atomic_or(&v->flags, VCPU_DOWN);
	v->initialised = false;
	return 0;
}

static int context_from_guest(struct vcpu *v, u64 addr)
{
	struct vcpu_guest_context *c = heap_alloc(sizeof(*c));
	int ret;

	if (!c)
		return fail(ENOMEM);
	ret = guest_in(c, addr, 0, sizeof(*c), 1);
	if (!ret)
		ret = pv_context_set(v, c, true);
	if (!ret && (c->flags & VGCF_online))
		atomic_and(&v->flags, ~VCPU_DOWN);
	else if (!ret)
		atomic_or(&v->flags, VCPU_DOWN);
	heap_free(c);
	return ret;
}

int domctl_context_set(struct domain *d, xen_domctl_t *op)
{
	struct vcpu *v = vcpu_of(d, op->u.vcpucontext.vcpu);
	u64 addr = GUEST_ADDR(op->u.vcpucontext.ctxt);
	int ret;

	if (d == current_domain())
		return fail(EINVAL);
	if (!v)
		return fail(EINVAL);
	domain_pause(d);
	ret = addr ? context_from_guest(v, addr) : vcpu_reset(v);
	domain_unpause(d);
	return ret;
}

int domctl_context_get(struct domain *d, xen_domctl_t *op)
{
	struct vcpu *v = vcpu_of(d, op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *c;
	int ret;

	if (d == current_domain())
		return fail(EINVAL);
	if (!v)
		return op->u.vcpucontext.vcpu >= d->max_vcpus ? fail(EINVAL) : fail(ESRCH);
	if (!v->initialised)
		return fail(ENODATA);
	c = heap_alloc(sizeof(*c));
	if (!c)
		return fail(ENOMEM);
	domain_pause(d);
	pv_context_get(v, c);
	domain_unpause(d);
	if (!(READ_ONCE(v->flags) & VCPU_DOWN))
		c->flags |= VGCF_online;
	ret = guest_out(GUEST_ADDR(op->u.vcpucontext.ctxt), 0, c, sizeof(*c), 1);
	heap_free(c);
	return ret;
}

int domctl_vcpu_info(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	struct vcpu *v = vcpu_of(d, info->vcpu);
	u32 flags;

	if (info->vcpu >= d->max_vcpus)
		return fail(EINVAL);
	if (!v)
		return fail(ESRCH);
	flags = READ_ONCE(v->flags);
	info->online = !(flags & VCPU_DOWN);
	info->blocked = !!(flags & VCPU_BLOCKED);
	info->running = READ_ONCE(v->running);
	info->cpu_time = vcpu_cpu_time(v);
	info->cpu = READ_ONCE(v->processor);
	return 0;
}

static void mask_and(struct cpumask *to, const struct cpumask *with)
{
	for (unsigned i = 0; i < ARRAY_SIZE(to->bits); i++)
		to->bits[i] &= READ_ONCE(with->bits[i]);
}

static int affinity_read(
	struct xen_domctl_vcpuaffinity *a, struct cpumask *hard, struct cpumask *soft)
{
	struct cpumask online_hard;

	if ((a->flags & XEN_VCPUAFFINITY_HARD) && cpumask_from_guest(hard, &a->cpumap_hard))
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) && cpumask_from_guest(soft, &a->cpumap_soft))
		return -EFAULT;
	online_hard = *hard;
	mask_and(&online_hard, &cpu_online_map);
	return cpumask_empty(&online_hard) ? fail(EINVAL) : 0;
}

static int affinity_answer(
	struct xen_domctl_vcpuaffinity *a, struct cpumask *hard, struct cpumask *soft)
{
	mask_and(hard, &cpu_online_map);
	mask_and(soft, hard);
	if ((a->flags & XEN_VCPUAFFINITY_HARD) && cpumask_to_guest(&a->cpumap_hard, hard))
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) && cpumask_to_guest(&a->cpumap_soft, soft))
		return -EFAULT;
	return 0;
}

int domctl_affinity_set(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = vcpu_of(d, a->vcpu);
	struct cpumask hard, soft;
	int ret;

	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)) ||
		a->flags &
			~(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT | XEN_VCPUAFFINITY_FORCE))
		return fail(EINVAL);
	if (!v)
		return a->vcpu >= d->max_vcpus ? fail(EINVAL) : fail(ESRCH);
	hard = v->hard;
	soft = v->soft;
	ret = affinity_read(a, &hard, &soft);
	if (!ret)
		ret = vcpu_set_affinity(v, &hard, &soft);
	return ret ? ret : affinity_answer(a, &hard, &soft);
}

int domctl_affinity_get(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = vcpu_of(d, a->vcpu);

	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return fail(EINVAL);
	if (!v)
		return a->vcpu >= d->max_vcpus ? fail(EINVAL) : fail(ESRCH);
	if ((a->flags & XEN_VCPUAFFINITY_HARD) && cpumask_to_guest(&a->cpumap_hard, &v->hard))
		return -EFAULT;
	if ((a->flags & XEN_VCPUAFFINITY_SOFT) && cpumask_to_guest(&a->cpumap_soft, &v->soft))
		return -EFAULT;
	return 0;
}

/* Our policy answers to credit2's name and knobs. */
int domctl_scheduler(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return fail(EINVAL);
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		s->u.credit2.weight = d->sched_weight;
		s->u.credit2.cap = d->sched_cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		/* weight 0 and cap 0xffff leave the value as it is */
		return sched_adjust(d, s->u.credit2.weight ? s->u.credit2.weight : d->sched_weight,
			s->u.credit2.cap == 0xffff ? d->sched_cap : s->u.credit2.cap);
	default: return fail(EINVAL);
	}
}

int domctl_trigger(struct domain *d, xen_domctl_t *op)
{
	struct vcpu *v = vcpu_of(d, op->u.sendtrigger.vcpu);

	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return fail(ENOSYS);
	if (!v)
		return fail(ESRCH);
	pv_vcpu_of(v)->nmi_pending = true;
	vcpu_kick(v);
	return 0;
}
