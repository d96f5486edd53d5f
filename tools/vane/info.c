/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane info, dmesg, debug-keys, cpupool-list: the machine and the hypervisor.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tools/lib/host.h"
#include "tools/lib/text.h"
#include "tools/vane/vane.h"

static void add(struct text *t, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct text *t, const char *key, const char *fmt, ...)
{
	va_list ap;
	char *v;

	va_start(ap, fmt);
	if (vasprintf(&v, fmt, ap) < 0)
		v = NULL;
	va_end(ap);
	text_add(t, "%-23s: %s\n", key, v ? v : "");
	free(v);
}

static unsigned long pages_to_mb(uint64_t pages)
{
	return pages >> 8;
}

static const char *sched_name(int id)
{
	switch (id) {
	case XEN_SCHEDULER_CREDIT: return "credit";
	case XEN_SCHEDULER_CREDIT2: return "credit2";
	case XEN_SCHEDULER_RTDS: return "rtds";
	case XEN_SCHEDULER_NULL: return "null";
	case XEN_SCHEDULER_ARINC653: return "arinc653";
	default: return "unknown";
	}
}

static void info_machine(struct text *t)
{
	struct utsname u;

	if (uname(&u))
		return;
	add(t, "host", "%s", u.nodename);
	add(t, "release", "%s", u.release);
	add(t, "version", "%s", u.version);
	add(t, "machine", "%s", u.machine);
}

static void info_physical(struct text *t, const struct xen_sysctl_physinfo *p)
{
	const uint32_t *c = p->hw_cap;
	uint32_t caps = p->capabilities;

	add(t, "nr_cpus", "%u", p->nr_cpus);
	add(t, "max_cpu_id", "%u", p->max_cpu_id);
	add(t, "nr_nodes", "%u", p->nr_nodes);
	add(t, "cores_per_socket", "%u", p->cores_per_socket);
	add(t, "threads_per_core", "%u", p->threads_per_core);
	add(t, "cpu_mhz", "%.3f", p->cpu_khz / 1000.0);
	add(t, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", c[0], c[1], c[2], c[3], c[4],
		c[5], c[6], c[7]);
	add(t, "virt_caps", "%s%s%s%s%s%s%s%s%s%s", caps & XEN_SYSCTL_PHYSCAP_pv ? "pv" : "",
		caps & XEN_SYSCTL_PHYSCAP_hvm ? " hvm" : "",
		caps & XEN_SYSCTL_PHYSCAP_hvm && caps & XEN_SYSCTL_PHYSCAP_directio
			? " hvm_directio"
			: "",
		caps & XEN_SYSCTL_PHYSCAP_pv && caps & XEN_SYSCTL_PHYSCAP_directio ? " pv_directio"
										   : "",
		caps & XEN_SYSCTL_PHYSCAP_hap ? " hap" : "",
		caps & XEN_SYSCTL_PHYSCAP_shadow ? " shadow" : "",
		caps & XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share ? " iommu_hap_pt_share" : "",
		caps & XEN_SYSCTL_PHYSCAP_vmtrace ? " vmtrace" : "",
		caps & XEN_SYSCTL_PHYSCAP_gnttab_v1 ? " gnttab-v1" : "",
		caps & XEN_SYSCTL_PHYSCAP_gnttab_v2 ? " gnttab-v2" : "");
	add(t, "total_memory", "%lu", pages_to_mb(p->total_pages));
	add(t, "free_memory", "%lu", pages_to_mb(p->free_pages - p->outstanding_pages));
	add(t, "sharing_freed_memory", "0");
	add(t, "sharing_used_memory", "0");
	add(t, "outstanding_claims", "%lu", pages_to_mb(p->outstanding_pages));
	add(t, "free_cpus", "0");
}

static void info_topology(struct vane *v, struct text *t)
{
	struct xen_sysctl_cputopo *cpu;
	struct xen_sysctl_meminfo *mem;
	uint32_t *distance;
	int n, i, k;

	n = host_cpu_topology(&v->x, &cpu);
	text_add(t, "cpu_topology           :\ncpu:    core    socket     node\n");
	for (i = 0; i < n; i++)
		if (cpu[i].core != ~0U)
			text_add(t, "%3d:    %4d     %4d     %4d\n", i, cpu[i].core, cpu[i].socket,
				cpu[i].node);
	if (n >= 0)
		free(cpu);
	text_add(t, "device topology        :\ndevice           node\n"
		    "No device topology data available\n");
	n = host_numa(&v->x, &mem, &distance);
	text_add(t, "numa_info              :\nnode:    memsize    memfree    distances\n");
	for (i = 0; i < n; i++) {
		text_add(t, "%4d:    %6lu     %6lu      ", i, (unsigned long)(mem[i].memsize >> 20),
			(unsigned long)(mem[i].memfree >> 20));
		for (k = 0; k < n; k++)
			text_add(t, k ? ",%u" : "%u", distance[i * n + k]);
		text_add(t, "\n");
	}
	if (n >= 0) {
		free(mem);
		free(distance);
	}
}

static void info_version(struct vane *v, struct text *t, const struct host_version *h)
{
	add(t, "xen_major", "%u", h->major);
	add(t, "xen_minor", "%u", h->minor);
	add(t, "xen_extra", "%s", h->extra);
	add(t, "xen_version", "%u.%u%s", h->major, h->minor, h->extra);
	add(t, "xen_caps", "%s", h->capabilities);
	add(t, "xen_scheduler", "%s", sched_name(host_sched_id(&v->x)));
	add(t, "xen_pagesize", "%d", h->pagesize);
	add(t, "platform_params", "virt_start=0x%llx", (unsigned long long)h->virt_start);
	add(t, "xen_changeset", "%s", h->changeset);
	add(t, "xen_commandline", "%s", h->commandline);
	add(t, "cc_compiler", "%s", h->compiler);
	add(t, "cc_compile_by", "%s", h->compile_by);
	add(t, "cc_compile_domain", "%s", h->compile_domain);
	add(t, "cc_compile_date", "%s", h->compile_date);
	add(t, "build_id", "%s", h->build_id);
	add(t, "xend_config_format", "4");
}

/* The value of one key only. */
static int print_key(const struct text *t, const char *key)
{
	const char *line = t->s, *end;
	size_t n = strlen(key);

	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!strncmp(line, key, n) && (line[n] == ' ' || line[n] == ':') &&
			strchr(line, ':')) {
			line = strchr(line, ':') + 1;
			line += *line == ' ';
			printf("%.*s\n", (int)(end - line), line);
			return 0;
		}
	}
	return 0;
}

int cmd_info(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = { { "numa", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 } };
	struct xen_sysctl_physinfo p;
	struct host_version h;
	struct error e = { 0 };
	struct text t = { 0 };
	bool numa = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "nh", longs, NULL)) != -1) {
		if (opt != 'n')
			return vane_usage(v, "info");
		numa = true;
	}
	if (host_physinfo(&v->x, &p) || host_version(&v->x, &h)) {
		error_errno(&e, ERR_FAIL, "the hypervisor does not answer");
		return vane_fail(v, &e);
	}
	info_machine(&t);
	info_physical(&t, &p);
	if (numa && !v->json)
		info_topology(v, &t);
	info_version(v, &t, &h);
	if (optind < argc)
		print_key(&t, argv[optind]);
	else if (v->json)
		json_info(t.s);
	else
		fputs(t.s, stdout);
	text_free(&t);
	return 0;
}

int cmd_dmesg(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	struct text t = { 0 };
	bool clear = false;
	int opt, rc = 0;

	while ((opt = getopt(argc, argv, "ch")) != -1) {
		if (opt != 'c')
			return vane_usage(v, "dmesg");
		clear = true;
	}
	if (host_console(&v->x, &t, clear, NULL)) {
		error_errno(&e, ERR_FAIL, "cannot read the hypervisor's log");
		rc = vane_fail(v, &e);
	} else {
		fwrite(t.s, 1, t.len, stdout);
	}
	text_free(&t);
	return rc;
}

int cmd_debug_keys(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };

	if (!host_debug_keys(&v->x, argv[1]))
		return 0;
	error_errno(&e, ERR_FAIL, "cannot send debug keys");
	return vane_fail(v, &e);
}

static void pool_cpus(const struct cpupool *p, struct text *t)
{
	unsigned int i;

	for (i = 0; i < p->ncpus; i++)
		if (cpumap_test(&p->cpus, i))
			text_add(t, "%s%u", t->len ? "," : "", i);
}

int cmd_cpupool_list(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = { { "cpus", no_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 } };
	bool list_cpus = false;
	struct cpupool p;
	struct text cpus;
	uint32_t from = 0;
	unsigned int i, count;
	char *name;
	int opt;

	while ((opt = getopt_long(argc, argv, "ch", longs, NULL)) != -1) {
		if (opt != 'c')
			return vane_usage(v, "cpupool-list");
		list_cpus = true;
	}
	printf("%-19s", "Name");
	printf(list_cpus ? "CPU list\n" : "CPUs   Sched     Active   Domain count\n");
	for (; !host_cpupool(&v->x, from, &p); from = p.id + 1) {
		name = store_read(&v->s, "/local/pool/%u/name", p.id);
		memset(&cpus, 0, sizeof(cpus));
		pool_cpus(&p, &cpus);
		for (i = count = 0; i < p.ncpus; i++)
			count += cpumap_test(&p.cpus, i);
		if (optind >= argc || (name && !strcmp(name, argv[optind]))) {
			printf("%-19s", name ? name : "");
			if (list_cpus)
				printf("%s\n", cpus.s ? cpus.s : "");
			else
				printf("%3u %9s       y       %4u\n", count, sched_name(p.sched_id),
					p.domains);
		}
		text_free(&cpus);
		free(name);
	}
	return 0;
}
