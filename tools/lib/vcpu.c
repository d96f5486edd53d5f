/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU operations over domctl: see vcpu.h.
 */
#include "tools/lib/vcpu.h"

#include <string.h>

int vcpu_get(struct xen *x, uint32_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *out)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo, .domain = domid };

	op.u.getvcpuinfo.vcpu = vcpu;
	if (xen_domctl(x, &op))
		return -1;
	*out = op.u.getvcpuinfo;
	return 0;
}

int vcpu_set_context(
	struct xen *x, uint32_t domid, uint32_t vcpu, const struct vcpu_guest_context *ctxt)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_setvcpucontext, .domain = domid };
	struct vcpu_guest_context *b = hbuf_alloc(x, sizeof(*b));
	int rc;

	*b = *ctxt;
	op.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, b);
	rc = xen_domctl(x, &op);
	hbuf_free(x, b);
	return rc;
}

static int affinity(struct xen *x, struct xen_domctl *op, unsigned int ncpus, struct cpumap *hard,
	struct cpumap *soft)
{
	size_t bytes = (ncpus + 7) / 8;
	uint8_t *h = hbuf_alloc(x, bytes), *s = hbuf_alloc(x, bytes);
	unsigned int cpu;
	int rc;

	for (cpu = 0; cpu < ncpus; cpu++) {
		h[cpu / 8] |= (hard && cpumap_test(hard, cpu)) << (cpu % 8);
		s[cpu / 8] |= (soft && cpumap_test(soft, cpu)) << (cpu % 8);
	}
	op->u.vcpuaffinity.cpumap_hard.nr_bits = ncpus;
	op->u.vcpuaffinity.cpumap_soft.nr_bits = ncpus;
	set_xen_guest_handle(op->u.vcpuaffinity.cpumap_hard.bitmap, h);
	set_xen_guest_handle(op->u.vcpuaffinity.cpumap_soft.bitmap, s);
	rc = xen_domctl(x, op);
	if (hard && !rc) {
		memset(hard, 0, sizeof(*hard));
		memcpy(hard->bits, h, bytes);
	}
	if (soft && !rc) {
		memset(soft, 0, sizeof(*soft));
		memcpy(soft->bits, s, bytes);
	}
	hbuf_free(x, h);
	hbuf_free(x, s);
	return rc;
}

int vcpu_get_affinity(struct xen *x, uint32_t domid, uint32_t vcpu, unsigned int ncpus,
	struct cpumap *hard, struct cpumap *soft)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuaffinity, .domain = domid };

	memset(hard, 0, sizeof(*hard));
	memset(soft, 0, sizeof(*soft));
	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
	return affinity(x, &op, ncpus, hard, soft);
}

int vcpu_set_affinity(struct xen *x, uint32_t domid, uint32_t vcpu, unsigned int ncpus,
	const struct cpumap *hard, const struct cpumap *soft, bool force)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_setvcpuaffinity, .domain = domid };
	struct cpumap h = hard ? *hard : (struct cpumap){ 0 },
		      s = soft ? *soft : (struct cpumap){ 0 };

	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) |
				  (soft ? XEN_VCPUAFFINITY_SOFT : 0) |
				  (force ? XEN_VCPUAFFINITY_FORCE : 0);
	return affinity(x, &op, ncpus, &h, &s);
}

int sched_get(struct xen *x, uint32_t domid, uint16_t *weight, uint16_t *cap)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = domid };

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	if (xen_domctl(x, &op))
		return -1;
	*weight = op.u.scheduler_op.u.credit2.weight;
	*cap = op.u.scheduler_op.u.credit2.cap;
	return 0;
}

int sched_set(struct xen *x, uint32_t domid, uint16_t weight, uint16_t cap)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = domid };

	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.weight = weight;
	op.u.scheduler_op.u.credit2.cap = cap;
	return xen_domctl(x, &op);
}
