/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine and the hypervisor: processors, memory, version strings, the hypervisor's console
 * ring, CPU pools, scheduler-wide parameters. -1 with errno on failure. ABI: <xen/sysctl.h>,
 * <xen/version.h>.
 */
#ifndef TOOLS_LIB_HOST_H
#define TOOLS_LIB_HOST_H

#include "tools/lib/text.h"
#include "tools/lib/units.h"
#include "tools/lib/xen.h"

int host_physinfo(struct xen *x, struct xen_sysctl_physinfo *out);
/* The CPU count that CPU maps must cover. */
int host_max_cpus(struct xen *x);
/* Arrays are allocated (caller frees). The number of entries, or -1. */
int host_cpu_topology(struct xen *x, struct xen_sysctl_cputopo **out);
int host_numa(struct xen *x, struct xen_sysctl_meminfo **mem, uint32_t **distance);

struct host_version {
	unsigned int major, minor;
	char extra[16], compiler[64], compile_by[16], compile_domain[32], compile_date[32];
	char capabilities[1024], changeset[64], commandline[1024];
	char build_id[129];
	uint64_t virt_start;
	int pagesize;
};
int host_version(struct xen *x, struct host_version *out);

/* The hypervisor's console ring into out; *index (may be NULL: everything) is where the next call
 * goes on. */
int host_console(struct xen *x, struct text *out, bool clear, uint32_t *index);
int host_debug_keys(struct xen *x, const char *keys);
int host_sched_id(struct xen *x);

struct cpupool {
	uint32_t id, sched_id, domains;
	struct cpumap cpus;
	unsigned int ncpus;
};
/* The pool with the lowest id not below `from`; ENOENT after the last. */
int host_cpupool(struct xen *x, uint32_t from, struct cpupool *out);
int host_credit2_ratelimit(struct xen *x, uint32_t pool, uint32_t *us);

#endif
