/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_sysctl: dispatch by row, and the operations on domains, scheduler, pools and console.
 * Control domain only. There is one cpupool, number 0, with all CPUs and all domains; the scheduler
 * answers to credit2's name.
 */
#include "hc/sysctl.h"

#include "core/console.h"
#include "core/keys.h"
#include "core/sched.h"
#include "hc/bitmap.h"
#include "hc/hypercall.h"
#include "lib/string.h"

#define CONSOLE_CHUNK  512
#define KEYS_MAX       64
#define LIST_PER_CHECK 128

int sysctl_read_console(xen_sysctl_t *op)
{
	struct xen_sysctl_readconsole *r = &op->u.readconsole;
	u64 addr = GUEST_ADDR(r->buffer);
	char text[CONSOLE_CHUNK];
	u32 done = 0, index = r->incremental ? r->index : 0;

	while (done < r->count) {
		size_t room = min(r->count - done, (u32)sizeof(text));
		size_t n = console_ring_read(text, room, &index, false, done || r->incremental);

		if (!n)
			break;
		if (guest_out(addr, done, text, 1, n))
			return -EFAULT;
		done += (u32)n;
	}
	if (r->clear)
		(void)console_ring_read(text, 0, &index, true, true);
	r->index = index;
	r->count = done;
	return 0;
}

int sysctl_debug_keys(xen_sysctl_t *op)
{
	char keys[KEYS_MAX];
	u32 count = op->u.debug_keys.nr_keys;

	if (count > KEYS_MAX)
		return fail(E2BIG);
	if (guest_in(keys, GUEST_ADDR(op->u.debug_keys.keys), 0, 1, count))
		return -EFAULT;
	for (u32 i = 0; i < count; i++)
		key_handle(keys[i]);
	return 0;
}

int sysctl_domain_list(xen_sysctl_t *op)
{
	struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
	struct domain *d;
	u32 next = list->first_domain, count = 0;

	while (count < list->max_domains && next < DOMID_FIRST_RESERVED) {
		struct xen_domctl_getdomaininfo info;

		d = domain_find_next((u16)next);
		if (!d)
			break;
		memset(&info, 0, sizeof(info));
		domain_info(d, &info);
		next = d->id + 1u;
		domain_put(d);
		if (handle_put(list->buffer, count, &info))
			return -EFAULT;
		count++;
	}
	list->num_domains = count;
	return 0;
}

int sysctl_sched_id(xen_sysctl_t *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

int sysctl_scheduler(xen_sysctl_t *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
	u32 us = s->u.sched_credit2.ratelimit_us;

	if (s->cpupool_id)
		return fail(ESRCH);
	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return fail(EINVAL);
	switch (s->cmd) {
	case XEN_SYSCTL_SCHEDOP_getinfo:
		s->u.sched_credit2.ratelimit_us = (u32)sched_ratelimit_us();
		return 0;
	case XEN_SYSCTL_SCHEDOP_putinfo:
		if (us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
				  us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
			return fail(EINVAL);
		sched_ratelimit_set(us);
		return 0;
	default: return fail(EINVAL);
	}
}

static u32 domain_count(void)
{
	struct domain *d;
	u32 count = 0, next = 0;

	while (next < DOMID_FIRST_RESERVED && (d = domain_find_next((u16)next))) {
		next = d->id + 1u;
		domain_put(d);
		count++;
	}
	return count;
}

static int pool_info(struct xen_sysctl_cpupool_op *pool)
{
	if (pool->cpupool_id && pool->cpupool_id != XEN_SYSCTL_CPUPOOL_PAR_ANY)
		return fail(
			ENOENT); /* asked for the first one from that number on: there is none */
	pool->cpupool_id = 0;
	pool->sched_id = XEN_SCHEDULER_CREDIT2;
	pool->n_dom = domain_count();
	return cpumask_to_guest(&pool->cpumap, &cpu_online_map);
}

int sysctl_pool(xen_sysctl_t *op)
{
	struct xen_sysctl_cpupool_op *pool = &op->u.cpupool_op;
	struct cpumask none = { { 0 } };
	struct domain *d;

	switch (pool->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO: return pool_info(pool);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: return cpumask_to_guest(&pool->cpumap, &none);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		d = domain_find((u16)pool->domid);
		if (!d)
			return fail(ESRCH);
		domain_put(d);
		return pool->cpupool_id ? fail(ENOENT) : 0;
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU: return fail(EBUSY); /* every CPU is in pool 0 for good */
	default: return hc_unknown(__HYPERVISOR_sysctl, op->cmd);
	}
}

static int refuse_unsupported(xen_sysctl_t *op)
{
	return fail(EOPNOTSUPP);
}

static int refuse_device(xen_sysctl_t *op)
{
	return fail(ENODEV);
}

#define ANSWERS 1

static const struct {
	int (*call)(xen_sysctl_t *op);
	u8 flags;
} rows[] = {
	[XEN_SYSCTL_readconsole] = { sysctl_read_console, ANSWERS },
	[XEN_SYSCTL_physinfo] = { sysctl_physinfo, ANSWERS },
	[XEN_SYSCTL_sched_id] = { sysctl_sched_id, ANSWERS },
	[XEN_SYSCTL_getdomaininfolist] = { sysctl_domain_list, ANSWERS },
	[XEN_SYSCTL_debug_keys] = { sysctl_debug_keys, 0 },
	[XEN_SYSCTL_getcpuinfo] = { sysctl_cpu_info, ANSWERS },
	[XEN_SYSCTL_availheap] = { sysctl_heap, ANSWERS },
	[XEN_SYSCTL_cputopoinfo] = { sysctl_cpu_topology, ANSWERS },
	[XEN_SYSCTL_numainfo] = { sysctl_numa, ANSWERS },
	[XEN_SYSCTL_pcitopoinfo] = { sysctl_pci_topology, ANSWERS },
	[XEN_SYSCTL_cpupool_op] = { sysctl_pool, ANSWERS },
	[XEN_SYSCTL_scheduler_op] = { sysctl_scheduler, ANSWERS },
	[XEN_SYSCTL_get_cpu_levelling_caps] = { sysctl_levelling, ANSWERS },
	[XEN_SYSCTL_get_cpu_featureset] = { sysctl_featureset, ANSWERS },
	[XEN_SYSCTL_get_cpu_policy] = { sysctl_cpu_policy, ANSWERS },
	[XEN_SYSCTL_get_pmstat] = { refuse_device, 0 },
	[XEN_SYSCTL_pm_op] = { refuse_device, 0 },
	[XEN_SYSCTL_psr_cmt_op] = { refuse_device, 0 },
	[XEN_SYSCTL_psr_alloc] = { refuse_device, 0 },
	[XEN_SYSCTL_page_offline_op] = { refuse_unsupported, 0 },
	[XEN_SYSCTL_coverage_op] = { refuse_unsupported, 0 },
	[XEN_SYSCTL_cpu_hotplug] = { refuse_unsupported, 0 },
};

long hc_sysctl(GUEST_PTR(xen_sysctl_t) arg)
{
	xen_sysctl_t op;
	int ret;

	if (guest_get(&op, arg, 0))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return fail(EACCES);
	if (op.cmd >= ARRAY_SIZE(rows) || !rows[op.cmd].call)
		return hc_unknown(__HYPERVISOR_sysctl, op.cmd);
	ret = rows[op.cmd].call(&op);
	if (ret == -ERESTART)
		return hc_restart(0);
	if (!ret && (rows[op.cmd].flags & ANSWERS) && guest_put(arg, 0, &op))
		return -EFAULT;
	return ret;
}
