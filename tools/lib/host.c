/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about the machine and the hypervisor over sysctl and xen_version: see host.h.
 */
#include "tools/lib/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/version.h>

int host_physinfo(struct xen *x, struct xen_sysctl_physinfo *out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };

	if (xen_sysctl(x, &op))
		return -1;
	*out = op.u.physinfo;
	return 0;
}

int host_max_cpus(struct xen *x)
{
	struct xen_sysctl_physinfo p;

	return host_physinfo(x, &p) ? -1 : (int)p.max_cpu_id + 1;
}

int host_cpu_topology(struct xen *x, struct xen_sysctl_cputopo **out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cputopoinfo };
	struct xen_sysctl_cputopo *b;
	int n;

	if (xen_sysctl(x, &op))
		return -1;
	n = op.u.cputopoinfo.num_cpus;
	b = hbuf_alloc(x, n * sizeof(*b));
	set_xen_guest_handle(op.u.cputopoinfo.cputopo, b);
	if (xen_sysctl(x, &op)) {
		hbuf_free(x, b);
		return -1;
	}
	if ((int)op.u.cputopoinfo.num_cpus < n)
		n = op.u.cputopoinfo.num_cpus;
	*out = xalloc(n * sizeof(**out));
	memcpy(*out, b, n * sizeof(**out));
	hbuf_free(x, b);
	return n;
}

int host_numa(struct xen *x, struct xen_sysctl_meminfo **mem, uint32_t **distance)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_numainfo };
	struct xen_sysctl_meminfo *m;
	uint32_t *d;
	int n;

	if (xen_sysctl(x, &op))
		return -1;
	n = op.u.numainfo.num_nodes;
	m = hbuf_alloc(x, n * sizeof(*m));
	d = hbuf_alloc(x, n * n * sizeof(*d));
	set_xen_guest_handle(op.u.numainfo.meminfo, m);
	set_xen_guest_handle(op.u.numainfo.distance, d);
	if (xen_sysctl(x, &op)) {
		n = -1;
	} else {
		if ((int)op.u.numainfo.num_nodes < n)
			n = op.u.numainfo.num_nodes;
		*mem = xalloc(n * sizeof(**mem));
		*distance = xalloc(n * n * sizeof(**distance));
		memcpy(*mem, m, n * sizeof(**mem));
		memcpy(*distance, d, n * n * sizeof(**distance));
	}
	hbuf_free(x, m);
	hbuf_free(x, d);
	return n;
}

static void read_build_id(struct xen *x, struct host_version *out)
{
	unsigned char b[sizeof(struct xen_build_id) + 64] = { 0 };
	struct xen_build_id *id = (struct xen_build_id *)b;
	int n, i;

	id->len = 64;
	n = xen_version_op(x, XENVER_build_id, b, sizeof(b));
	for (i = 0; i < n && i < 64; i++)
		snprintf(out->build_id + 2 * i, 3, "%02x", id->buf[i]);
}

int host_version(struct xen *x, struct host_version *out)
{
	struct xen_compile_info ci;
	struct xen_platform_parameters pp = { 0 };
	int v = xen_version_op(x, XENVER_version, NULL, 0);

	memset(&ci, 0, sizeof(ci));

	memset(out, 0, sizeof(*out));
	if (v < 0)
		return -1;
	out->major = v >> 16;
	out->minor = v & 0xffff;
	out->pagesize = xen_version_op(x, XENVER_pagesize, NULL, 0);
	if (xen_version_op(x, XENVER_extraversion, out->extra, sizeof(out->extra)) < 0 ||
		xen_version_op(x, XENVER_compile_info, &ci, sizeof(ci)) < 0 ||
		xen_version_op(
			x, XENVER_capabilities, out->capabilities, sizeof(out->capabilities)) < 0 ||
		xen_version_op(x, XENVER_changeset, out->changeset, sizeof(out->changeset)) < 0 ||
		xen_version_op(x, XENVER_platform_parameters, &pp, sizeof(pp)) < 0 ||
		xen_version_op(x, XENVER_commandline, out->commandline, sizeof(out->commandline)) <
			0)
		return -1;
	out->virt_start = pp.virt_start;
	memcpy(out->compiler, ci.compiler, sizeof(ci.compiler) - 1);
	memcpy(out->compile_by, ci.compile_by, sizeof(ci.compile_by) - 1);
	memcpy(out->compile_domain, ci.compile_domain, sizeof(ci.compile_domain) - 1);
	memcpy(out->compile_date, ci.compile_date, sizeof(ci.compile_date) - 1);
	out->extra[sizeof(out->extra) - 1] = 0;
	out->capabilities[sizeof(out->capabilities) - 1] = 0;
	out->changeset[sizeof(out->changeset) - 1] = 0;
	out->commandline[sizeof(out->commandline) - 1] = 0;
	read_build_id(x, out);
	return 0;
}

#define CONSOLE_CHUNK 16384

int host_console(struct xen *x, struct text *out, bool clear, uint32_t *index)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
	char *b = hbuf_alloc(x, CONSOLE_CHUNK);
	uint32_t start = index ? *index : 0;
	int rc;

	/*
	 * In pieces of the buffer's size, whatever the ring's is: incremental reads go on where the
	 * last one ended; a read that clears takes the oldest that is left.
	 */
	for (;;) {
		op.u.readconsole.clear = clear;
		op.u.readconsole.incremental = !clear;
		op.u.readconsole.index = start;
		op.u.readconsole.count = CONSOLE_CHUNK;
		set_xen_guest_handle(op.u.readconsole.buffer, b);
		rc = xen_sysctl(x, &op);
		if (rc || !op.u.readconsole.count)
			break;
		text_add_bytes(out, b, op.u.readconsole.count);
		start = op.u.readconsole.index;
	}
	if (index)
		*index = start;
	hbuf_free(x, b);
	return rc;
}

int host_debug_keys(struct xen *x, const char *keys)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_debug_keys };
	size_t n = strlen(keys);
	char *b = hbuf_alloc(x, n + 1);
	int rc;

	memcpy(b, keys, n);
	set_xen_guest_handle(op.u.debug_keys.keys, b);
	op.u.debug_keys.nr_keys = n;
	rc = xen_sysctl(x, &op);
	hbuf_free(x, b);
	return rc;
}

int host_sched_id(struct xen *x)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id };

	return xen_sysctl(x, &op) ? -1 : (int)op.u.sched_id.sched_id;
}

int host_cpupool(struct xen *x, uint32_t from, struct cpupool *out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
	int ncpus = host_max_cpus(x), rc;
	uint8_t *b;

	if (ncpus < 0)
		return -1;
	b = hbuf_alloc(x, (ncpus + 7) / 8);
	op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	op.u.cpupool_op.cpupool_id = from;
	op.u.cpupool_op.cpumap.nr_bits = ncpus;
	set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, b);
	rc = xen_sysctl(x, &op);
	if (!rc) {
		memset(out, 0, sizeof(*out));
		out->id = op.u.cpupool_op.cpupool_id;
		out->sched_id = op.u.cpupool_op.sched_id;
		out->domains = op.u.cpupool_op.n_dom;
		out->ncpus = ncpus;
		memcpy(out->cpus.bits, b, (ncpus + 7) / 8);
	}
	hbuf_free(x, b);
	return rc;
}

int host_credit2_ratelimit(struct xen *x, uint32_t pool, uint32_t *us)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op };

	op.u.scheduler_op.cpupool_id = pool;
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
	if (xen_sysctl(x, &op))
		return -1;
	*us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return 0;
}
