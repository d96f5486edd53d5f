/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls about the machine: CPUs, memory, topology, features. One node, one socket, one thread a
 * core.
 */
#include "core/sched.h"
#include "hc/cpu_policy.h"
#include "hc/hypercall.h"
#include "hc/sysctl.h"
#include "lib/string.h"

#define PHYS_CAPS     (XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1)
#define NODE_DISTANCE 10 /* to itself, as ACPI's SLIT counts */

static u32 last_cpu(void)
{
	unsigned cpu, last = 0;

	for_each_cpu (cpu, &cpu_online_map)
		last = cpu;
	return last;
}

int sysctl_physinfo(xen_sysctl_t *op)
{
	struct xen_sysctl_physinfo *info = &op->u.physinfo;
	u32 words[FEATURE_WORDS];

	memset(info, 0, sizeof(*info));
	info->threads_per_core = 1;
	info->cores_per_socket = cpu_online_count();
	info->nr_cpus = cpu_online_count();
	info->max_cpu_id = last_cpu();
	info->nr_nodes = 1;
	info->cpu_khz = (u32)time_cpu_khz();
	info->capabilities = PHYS_CAPS;
	info->total_pages = frames_total();
	info->free_pages = frames_free();
	info->outstanding_pages = frames_claimed();
	info->max_mfn = frame_limit() - 1;
	policy_features(words);
	memcpy(info->hw_cap, words, sizeof(info->hw_cap));
	return 0;
}

int sysctl_cpu_info(xen_sysctl_t *op)
{
	struct xen_sysctl_getcpuinfo *get = &op->u.getcpuinfo;
	u32 count = min(get->max_cpus, last_cpu() + 1);

	for (u32 cpu = 0; cpu < count; cpu++) {
		xen_sysctl_cpuinfo_t info = { 0 };

		if (cpumask_test(&cpu_online_map, cpu))
			info.idletime = sched_idle_time(cpu);
		if (handle_put(get->info, cpu, &info))
			return -EFAULT;
	}
	get->nr_cpus = count;
	return 0;
}

int sysctl_heap(xen_sysctl_t *op)
{
	if (op->u.availheap.node > 0)
		return fail(EINVAL);
	op->u.availheap.avail_bytes = frames_free() << PAGE_SHIFT;
	return 0;
}

int sysctl_cpu_topology(xen_sysctl_t *op)
{
	struct xen_sysctl_cputopoinfo *topo = &op->u.cputopoinfo;
	u32 cpus = last_cpu() + 1;

	if (!GUEST_ADDR(topo->cputopo)) {
		topo->num_cpus = cpus;
		return 0;
	}
	topo->num_cpus = min(topo->num_cpus, cpus);
	for (u32 cpu = 0; cpu < topo->num_cpus; cpu++) {
		xen_sysctl_cputopo_t t = { .core = cpu };

		if (!cpumask_test(&cpu_online_map, cpu)) {
			t.core = XEN_INVALID_CORE_ID;
			t.socket = XEN_INVALID_SOCKET_ID;
			t.node = XEN_INVALID_NODE_ID;
		}
		if (handle_put(topo->cputopo, cpu, &t))
			return -EFAULT;
	}
	return 0;
}

int sysctl_numa(xen_sysctl_t *op)
{
	struct xen_sysctl_numainfo *numa = &op->u.numainfo;
	xen_sysctl_meminfo_t mem = {
		.memsize = frames_total() << PAGE_SHIFT,
		.memfree = frames_free() << PAGE_SHIFT,
	};
	u32 distance = NODE_DISTANCE;
	bool wanted = GUEST_ADDR(numa->meminfo) || GUEST_ADDR(numa->distance);

	if (wanted && !numa->num_nodes)
		return 0;
	numa->num_nodes = 1;
	if (GUEST_ADDR(numa->meminfo) && handle_put(numa->meminfo, 0, &mem))
		return -EFAULT;
	if (GUEST_ADDR(numa->distance) && handle_put(numa->distance, 0, &distance))
		return -EFAULT;
	return 0;
}

int sysctl_pci_topology(xen_sysctl_t *op)
{
	struct xen_sysctl_pcitopoinfo *topo = &op->u.pcitopoinfo;
	u32 node = XEN_INVALID_DEV, i;

	if (!GUEST_ADDR(topo->devs) || !GUEST_ADDR(topo->nodes))
		return fail(EINVAL);
	for (i = 0; i < min(topo->num_devs, 256u); i++)
		if (handle_put(topo->nodes, i, &node))
			return -EFAULT;
	topo->num_devs = i;
	return 0;
}

int sysctl_levelling(xen_sysctl_t *op)
{
	op->u.cpu_levelling_caps.caps = 0;
	return 0;
}

int sysctl_featureset(xen_sysctl_t *op)
{
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	u32 words[FEATURE_WORDS] = { 0 }, count = FEATURE_WORDS;

	if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return fail(EINVAL);
	if (f->index == XEN_SYSCTL_cpu_featureset_hvm ||
		f->index == XEN_SYSCTL_cpu_featureset_hvm_max)
		return fail(EOPNOTSUPP);
	if (GUEST_ADDR(f->features)) {
		count = min(f->nr_features, count);
		policy_features(words);
		if (guest_out(GUEST_ADDR(f->features), 0, words, sizeof(words[0]), count))
			return -EFAULT;
	}
	f->nr_features = count;
	return count < FEATURE_WORDS ? fail(ENOBUFS) : 0;
}

int sysctl_cpu_policy(xen_sysctl_t *op)
{
	struct xen_sysctl_cpu_policy *p = &op->u.cpu_policy;
	struct policy_answer room = { p->nr_leaves, p->nr_msrs };
	int ret;

	if (p->_rsvd)
		return fail(EINVAL);
	if (p->index == XEN_SYSCTL_cpu_policy_hvm_max ||
		p->index == XEN_SYSCTL_cpu_policy_hvm_default)
		return fail(EOPNOTSUPP);
	if (p->index > XEN_SYSCTL_cpu_policy_hvm_default)
		return fail(EINVAL);
	ret = policy_to_guest(current_domain(), GUEST_ADDR(p->leaves), GUEST_ADDR(p->msrs), &room);
	p->nr_leaves = room.leaves;
	p->nr_msrs = room.msrs;
	return ret;
}
