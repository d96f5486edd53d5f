/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane vcpu-list, vcpu-pin, vcpu-set, sched-credit2, mem-set, mem-max: processors and memory of
 * domains.
 */
#include "tools/lib/vcpu.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/host.h"
#include "tools/lib/text.h"
#include "tools/vane/vane.h"

#define MAXMEM_SLACK_KB 1024

static void print_vcpu(
	struct vane *v, const char *name, uint32_t domid, uint32_t vcpu, unsigned int ncpus)
{
	struct xen_domctl_getvcpuinfo i;
	struct cpumap hard, soft;
	char h[256], s[256];

	if (vcpu_get(&v->x, domid, vcpu, &i) ||
		vcpu_get_affinity(&v->x, domid, vcpu, ncpus, &hard, &soft))
		return;
	format_cpumap(&hard, ncpus, h, sizeof(h));
	format_cpumap(&soft, ncpus, s, sizeof(s));
	printf("%-32s %5u %5u", name, domid, vcpu);
	if (!i.online)
		printf("    -   --p ");
	else
		printf(" %4u   %c%c- ", i.cpu, i.running ? 'r' : '-', i.blocked ? 'b' : '-');
	printf(" %8.1f  %s / %s\n", i.cpu_time / 1e9, h, s);
}

int cmd_vcpu_list(struct vane *v, int argc, char **argv)
{
	int ncpus = host_max_cpus(&v->x), n, i, status;
	domain_info *all;
	uint32_t c;
	char *name;

	all = vane_domains(v, argc, argv, 1, &n, &status);
	if (!all || ncpus < 0)
		return status ? status : 1;
	if (v->json) {
		json_vcpus(v, all, n, ncpus);
		free(all);
		return 0;
	}
	printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
		"Affinity (Hard / Soft)");
	for (i = 0; i < n; i++) {
		name = vane_name(v, all[i].domain);
		for (c = 0;
			all[i].max_vcpu_id != XEN_INVALID_MAX_VCPU_ID && c <= all[i].max_vcpu_id;
			c++)
			print_vcpu(v, name, all[i].domain, c, ncpus);
		free(name);
	}
	free(all);
	return 0;
}

/* "all", "-" or a list. 1: given, 0: not, -1: wrong. */
static int affinity_argument(const char *arg, struct cpumap *m)
{
	if (!arg || !strcmp(arg, "-"))
		return 0;
	return parse_cpumap(arg, m) ? -1 : 1;
}

int cmd_vcpu_pin(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = { { "force", no_argument, NULL, 'f' },
		{ "ignore-global-affinity-masks", no_argument, NULL, 'i' }, { NULL, 0, NULL, 0 } };
	int opt, rc, ncpus, has_hard, has_soft;
	bool force = v->force, all;
	struct cpumap hard, soft;
	struct error e = { 0 };
	uint32_t domid;
	long long vcpu = 0;
	domain_info d;

	while ((opt = getopt_long(argc, argv, "+fh", longs, NULL)) != -1) {
		if (opt == 'f')
			force = true;
		else if (opt != 'i')
			return vane_usage(v, "vcpu-pin");
	}
	if (argc - optind < 3)
		return vane_usage(v, "vcpu-pin");
	argv += optind;
	all = !strcmp(argv[1], "all");
	rc = vane_domain(v, argv[0], &domid);
	if (rc)
		return rc;
	has_hard = affinity_argument(argv[2], &hard);
	has_soft = argc - optind > 3 ? affinity_argument(argv[3], &soft) : 0;
	ncpus = host_max_cpus(&v->x);
	if (has_hard < 0 || has_soft < 0 || domain_get(&v->x, domid, &d) ||
		(!all && parse_number(argv[1], 0, d.max_vcpu_id, &vcpu))) {
		error_set(&e, ERR_VALUE, "vcpu-pin: %s",
			has_hard < 0 || has_soft < 0 ? "not a list of CPUs" : "no such vcpu");
		return vane_fail(v, &e);
	}
	do {
		if (vcpu_set_affinity(&v->x, domid, vcpu, ncpus, has_hard ? &hard : NULL,
			    has_soft ? &soft : NULL, force)) {
			error_errno(&e, ERR_FAIL,
				"cannot set the affinity of vcpu %lld of domain %u", vcpu, domid);
			return vane_fail(v, &e);
		}
	} while (all && ++vcpu <= (long long)d.max_vcpu_id);
	return 0;
}

int cmd_vcpu_set(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = { { "ignore-host", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 } };
	char dir[64], name[32];
	struct error e = { 0 };
	long long want;
	uint32_t domid, i;
	domain_info d;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "ih", longs, NULL)) != -1)
		if (opt != 'i')
			return vane_usage(v, "vcpu-set");
	if (argc - optind < 2)
		return vane_usage(v, "vcpu-set");
	rc = vane_domain(v, argv[optind], &domid);
	if (rc)
		return rc;
	if (domain_get(&v->x, domid, &d) ||
		parse_number(argv[optind + 1], 1, (long long)d.max_vcpu_id + 1, &want)) {
		error_set(&e, ERR_VALUE, "\"%s\" vcpus cannot be set; the domain may have 1 to %u",
			argv[optind + 1], d.max_vcpu_id + 1);
		return vane_fail(v, &e);
	}
	snprintf(dir, sizeof(dir), "/local/domain/%u/cpu", domid);
	do {
		store_begin(&v->s);
		for (i = 0; i <= d.max_vcpu_id; i++) {
			snprintf(name, sizeof(name), "%u/availability", i);
			store_put(&v->s, dir, name, "%s", i < want ? "online" : "offline");
		}
		rc = store_commit(&v->s);
	} while (rc == 1);
	if (!rc)
		return 0;
	error_errno(&e, ERR_FAIL, "cannot set the vcpus of domain %u", domid);
	return vane_fail(v, &e);
}

static int memory_argument(struct vane *v, char **argv, uint32_t *domid, uint64_t *kb)
{
	struct error e = { 0 };
	int rc = vane_domain(v, argv[1], domid);

	if (rc)
		return rc;
	if (!parse_memory_kb(argv[2], kb) && *kb)
		return 0;
	error_set(&e, ERR_VALUE, "invalid memory size: %s", argv[2]);
	return vane_fail(v, &e);
}

static int set_memory_nodes(
	struct vane *v, uint32_t domid, const char *node, uint64_t kb, bool vm_too)
{
	char dir[64], *vm;
	int rc;

	snprintf(dir, sizeof(dir), "/local/domain/%u/memory", domid);
	do {
		store_begin(&v->s);
		vm = store_read(&v->s, "/local/domain/%u/vm", domid);
		store_put(&v->s, dir, node, "%llu", (unsigned long long)kb);
		if (vm && vm_too)
			store_put(&v->s, vm, "memory", "%llu", (unsigned long long)kb / 1024);
		free(vm);
		rc = store_commit(&v->s);
	} while (rc == 1);
	return rc;
}

int cmd_mem_set(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	uint64_t kb, max;
	uint32_t domid;
	int rc = memory_argument(v, argv, &domid, &kb);

	if (rc)
		return rc;
	max = store_read_number(&v->s, 0, "/local/domain/%u/memory/static-max", domid);
	if (max && kb > max) {
		error_set(&e, ERR_VALUE,
			"memory target %llu MiB is above the domain's maximum of %llu MiB",
			(unsigned long long)kb / 1024, (unsigned long long)max / 1024);
		error_advice(&e, "vane mem-max %s %llu", argv[1], (unsigned long long)kb / 1024);
		return vane_fail(v, &e);
	}
	if (set_memory_nodes(v, domid, "target", kb, domid) ||
		domain_set_max_kb(&v->x, domid, kb + MAXMEM_SLACK_KB)) {
		error_errno(&e, ERR_FAIL, "cannot set the memory of domain %u", domid);
		return vane_fail(v, &e);
	}
	return 0;
}

int cmd_mem_max(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	uint64_t kb;
	uint32_t domid;
	int rc = memory_argument(v, argv, &domid, &kb);

	if (rc)
		return rc;
	if ((long long)kb < store_read_number(&v->s, 0, "/local/domain/%u/memory/target", domid)) {
		error_set(&e, ERR_VALUE, "the maximum cannot be below the domain's present target");
		return vane_fail(v, &e);
	}
	if (domain_set_max_kb(&v->x, domid, kb + MAXMEM_SLACK_KB) ||
		set_memory_nodes(v, domid, "static-max", kb, false)) {
		error_errno(&e, ERR_FAIL, "cannot set the maximum memory of domain %u", domid);
		return vane_fail(v, &e);
	}
	return 0;
}

struct sched_options {
	const char *domain, *pool;
	long long weight, cap;
	bool parameters;
};

static void print_sched(struct vane *v, uint32_t domid)
{
	char *name = vane_name(v, domid);
	uint16_t weight = 0, cap = 0;

	if (!sched_get(&v->x, domid, &weight, &cap))
		printf("%-33s %4u %6u %4u\n", name, domid, weight, cap);
	free(name);
}

static int sched_domain(struct vane *v, const struct sched_options *o)
{
	struct error e = { 0 };
	uint16_t weight, cap;
	uint32_t domid;
	int rc = vane_domain(v, o->domain, &domid);

	if (rc)
		return rc;
	if (o->weight < 0 && o->cap < 0) {
		printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
		print_sched(v, domid);
		return 0;
	}
	if (!sched_get(&v->x, domid, &weight, &cap) &&
		!sched_set(&v->x, domid, o->weight < 0 ? weight : o->weight,
			o->cap < 0 ? cap : o->cap))
		return 0;
	error_errno(&e, ERR_FAIL, "cannot set weight and cap of domain %u", domid);
	return vane_fail(v, &e);
}

static void sched_pools(struct vane *v, const struct sched_options *o)
{
	uint32_t from = 0, us;
	domain_info *all;
	struct cpupool p;
	int n = domain_list_all(&v->x, &all), i;
	char *name;

	for (; !host_cpupool(&v->x, from, &p); from = p.id + 1) {
		name = store_read(&v->s, "/local/pool/%u/name", p.id);
		us = 0;
		if (!o->pool || (name && !strcmp(name, o->pool))) {
			host_credit2_ratelimit(&v->x, p.id, &us);
			printf("Cpupool %s: ratelimit=%uus\n", name ? name : "", us);
			if (!o->parameters)
				printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
			for (i = 0; i < n && !o->parameters; i++)
				if (all[i].cpupool == p.id)
					print_sched(v, all[i].domain);
		}
		free(name);
	}
	if (n >= 0)
		free(all);
}

int cmd_sched_credit2(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "domain", required_argument, NULL, 'd' },
		{ "weight", required_argument, NULL, 'w' },
		{ "cap", required_argument, NULL, 'c' },
		{ "schedparam", no_argument, NULL, 's' },
		{ "ratelimit_us", required_argument, NULL, 'r' },
		{ "cpupool", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct sched_options o = { .weight = -1, .cap = -1 };
	int opt, bad = 0;

	while ((opt = getopt_long(argc, argv, "d:w:c:sp:h", longs, NULL)) != -1) {
		switch (opt) {
		case 'd': o.domain = optarg; break;
		case 'w': bad |= parse_number(optarg, 1, 65535, &o.weight); break;
		case 'c': bad |= parse_number(optarg, 0, 65535, &o.cap); break;
		case 's': o.parameters = true; break;
		case 'p': o.pool = optarg; break;
		default: bad = 1;
		}
	}
	if (bad || (!o.domain && (o.weight >= 0 || o.cap >= 0)))
		return vane_usage(v, "sched-credit2");
	if (o.domain)
		return sched_domain(v, &o);
	sched_pools(v, &o);
	return 0;
}
