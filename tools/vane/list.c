/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane list, vm-list, claims, domid, domname, uptime: what domains there are. Widths and words are
 * what scripts split.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/lib/config.h"
#include "tools/lib/host.h"
#include "tools/lib/record.h"
#include "tools/lib/vcpu.h"
#include "tools/vane/vane.h"

void list_header(void)
{
	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
}

void list_row(struct vane *v, const domain_info *d)
{
	char *name = vane_name(v, d->domain), state[7];

	domain_state_letters(d, state);
	printf("%-40s %5d %5lu %5d     %s  %8.1f", name, d->domain,
		(unsigned long)(pages_to_kb(d->tot_pages + d->outstanding_pages) / 1024),
		(int)d->nr_online_vcpus, state, (float)d->cpu_time / 1e9);
	free(name);
}

struct list_options {
	bool longer, verbose, context, pool, numa;
};

static void list_extra(struct vane *v, const domain_info *d, const struct list_options *o)
{
	char uuid[37], *pool, reason[16] = "-";

	if (o->verbose) {
		format_uuid(d->handle, uuid);
		printf(" %s", uuid);
		if (domain_is_shutdown(d))
			snprintf(reason, sizeof(reason), "%x", domain_shutdown_reason(d));
		printf(" %8s", reason);
	}
	if (o->verbose || o->context)
		printf(" %16s", "-");
	if (o->pool) {
		pool = store_read(&v->s, "/local/pool/%u/name", d->cpupool);
		printf("%16s", pool ? pool : "");
		free(pool);
	}
	if (o->numa)
		printf(" all");
}

static void bare_domain_json(struct vane *v, struct json *j, const domain_info *d)
{
	long long max = store_read_number(
		&v->s, pages_to_kb(d->max_pages), "/local/domain/%u/memory/static-max", d->domain);
	long long target = store_read_number(
		&v->s, pages_to_kb(d->tot_pages), "/local/domain/%u/memory/target", d->domain);
	/* xl subtracts the video memory, and takes -1 for it where there is no such node. */
	long long video =
		store_read_number(&v->s, 1, "/local/domain/%u/memory/videoram", d->domain);
	uint16_t weight = 256, cap = 0;
	char *name = vane_name(v, d->domain);

	sched_get(&v->x, d->domain, &weight, &cap);
	json_open(j, "config", '{');
	json_open(j, "c_info", '{');
	json_string(j, "type", "pv");
	json_string(j, "name", name);
	json_close(j, '}');
	json_open(j, "b_info", '{');
	json_number(j, "max_memkb", max);
	json_number(j, "target_memkb", target - video);
	json_open(j, "sched_params", '{');
	json_string(j, "sched", "credit2");
	json_number(j, "weight", weight);
	json_number(j, "cap", cap);
	json_close(j, '}');
	json_empty(j, "type.pv");
	json_empty(j, "arch_arm");
	json_empty(j, "arch_x86");
	json_close(j, '}');
	json_close(j, '}');
	free(name);
}

/* vcpus come and go from the end: how many may be used now. */
static long long online_vcpus(struct vane *v, uint32_t domid, long long max)
{
	bool online = true;
	long long n;
	char *state;

	for (n = 0; n < max && online; n += online) {
		state = store_read(&v->s, "/local/domain/%u/cpu/%lld/availability", domid, n);
		online = state && !strcmp(state, "online");
		free(state);
	}
	return n;
}

static void domain_json(struct vane *v, struct json *j, const domain_info *d)
{
	struct config_live live = { 0 };
	uint16_t weight = 256, cap = 0;
	struct config c;
	unsigned int i;

	json_open(j, NULL, '{');
	json_number(j, "domid", d->domain);
	if (record_read(d->domain, d->handle, &c)) {
		bare_domain_json(v, j, d);
	} else {
		sched_get(&v->x, d->domain, &weight, &cap);
		live.weight = weight;
		live.cap = cap;
		live.max_kb = store_read_number(
			&v->s, c.maxmem_kb, "/local/domain/%u/memory/static-max", d->domain);
		live.target_kb = store_read_number(
			&v->s, c.memory_kb, "/local/domain/%u/memory/target", d->domain);
		free(c.name);
		c.name = vane_name(v, d->domain);
		c.vcpus = online_vcpus(v, d->domain, c.maxvcpus);
		for (i = 0; i < c.nnics; i++) {
			char *mac = store_read(
				&v->s, "/libxl/%u/device/vif/%d/mac", d->domain, c.nics[i].devid);

			c.nics[i].has_mac = mac && !parse_mac(mac, c.nics[i].mac);
			free(mac);
		}
		config_json(j, "config", &c, &live);
		config_free(&c);
	}
	json_close(j, '}');
}

static void list_long(struct vane *v, const domain_info *all, int n)
{
	struct json j = { 0 };
	int i;

	json_open(&j, NULL, '[');
	for (i = 0; i < n; i++)
		domain_json(v, &j, &all[i]);
	json_close(&j, ']');
	printf("%s\n\n", j.out.s);
	text_free(&j.out);
}

static void list_table(struct vane *v, const domain_info *all, int n, const struct list_options *o)
{
	int i;

	list_header();
	if (o->verbose)
		printf("   UUID                            Reason-Code\tSecurity Label");
	else if (o->context)
		printf("   Security Label");
	if (o->pool)
		printf("         Cpupool");
	if (o->numa)
		printf(" NODE Affinity");
	printf("\n");
	for (i = 0; i < n; i++) {
		list_row(v, &all[i]);
		list_extra(v, &all[i], o);
		printf("\n");
	}
}

int cmd_list(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "long", no_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "context", no_argument, NULL, 'Z' },
		{ "cpupool", no_argument, NULL, 'c' },
		{ "numa", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct list_options o = { 0 };
	domain_info *all;
	int opt, n, status;

	while ((opt = getopt_long(argc, argv, "lvZcnh", longs, NULL)) != -1) {
		switch (opt) {
		case 'l': o.longer = true; break;
		case 'v': o.verbose = true; break;
		case 'Z': o.context = true; break;
		case 'c': o.pool = true; break;
		case 'n': o.numa = true; break;
		default: return vane_usage(v, "list");
		}
	}
	if (optind + 1 < argc) {
		vane_usage(v, "list");
		return v->as_xl ? 1 : 2;
	}
	all = vane_domains(v, argc, argv, optind, &n, &status);
	if (!all)
		return status;
	if (o.longer)
		list_long(v, all, n);
	else if (v->json)
		json_domains(v, all, n);
	else
		list_table(v, all, n, &o);
	free(all);
	return 0;
}

int cmd_vm_list(struct vane *v, int argc, char **argv)
{
	domain_info *all;
	char uuid[37], *name;
	int n, i, status;

	all = vane_domains(v, argc, argv, argc, &n, &status);
	if (!all)
		return status;
	printf("UUID                                  ID    name\n");
	for (i = 0; i < n; i++) {
		format_uuid(all[i].handle, uuid);
		name = vane_name(v, all[i].domain);
		printf("%s  %d    %-30s\n", uuid, all[i].domain, name);
		free(name);
	}
	free(all);
	return 0;
}

int cmd_claims(struct vane *v, int argc, char **argv)
{
	domain_info *all;
	int n, i, status;

	all = vane_domains(v, argc, argv, argc, &n, &status);
	if (!all)
		return status;
	list_header();
	printf("  Claimed\n");
	for (i = 0; i < n; i++) {
		list_row(v, &all[i]);
		printf(" %5lu\n", (unsigned long)(pages_to_kb(all[i].outstanding_pages) / 1024));
	}
	free(all);
	return 0;
}

int cmd_domid(struct vane *v, int argc, char **argv)
{
	uint32_t domid;

	if (guest_find_name(&v->x, &v->s, argv[1], &domid)) {
		fprintf(stderr,
			"Can't get domid of domain name '%s', maybe this domain does not exist.\n",
			argv[1]);
		return v->as_xl ? 1 : 3;
	}
	printf("%u\n", domid);
	return 0;
}

int cmd_domname(struct vane *v, int argc, char **argv)
{
	unsigned long domid;
	domain_info d;
	char *end, *name;

	domid = strtoul(argv[1], &end, 10);
	if (end == argv[1] || *end) {
		fprintf(stderr, "Invalid domain id.\n\n");
		return v->as_xl ? 1 : 2;
	}
	name = domid < DOMID_FIRST_RESERVED && !domain_get(&v->x, domid, &d)
		       ? guest_name(&v->s, domid)
		       : NULL;
	if (!name) {
		fprintf(stderr,
			"Can't get domain name of domain id '%lu', "
			"maybe this domain does not exist.\n",
			domid);
		return v->as_xl ? 1 : 3;
	}
	printf("%s\n", name);
	free(name);
	return 0;
}

/* Seconds that a domain is up: the control domain since boot, a guest since its start. */
static long uptime_of(struct vane *v, const domain_info *d)
{
	struct timespec boot;
	char *vm, *started;
	long up = 0;

	if (!d->domain) {
		clock_gettime(CLOCK_BOOTTIME, &boot);
		return boot.tv_sec;
	}
	vm = store_read(&v->s, "/local/domain/%u/vm", d->domain);
	started = vm ? store_read(&v->s, "%s/start_time", vm) : NULL;
	if (started)
		up = time(NULL) - (long)strtoul(started, NULL, 10);
	free(started);
	free(vm);
	return up > 0 ? up : 0;
}

static void print_uptime(const char *name, uint32_t domid, long up, bool brief)
{
	long days = up / 86400, hours = up / 3600 % 24, minutes = up / 60 % 60;
	char text[64], clock[16];
	time_t now = time(NULL);

	if (brief) {
		strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
		if (days)
			snprintf(text, sizeof(text), "%ld day%s, %2ld:%02ld", days,
				days > 1 ? "s" : "", hours, minutes);
		else
			snprintf(text, sizeof(text), "%2ld:%02ld", hours, minutes);
		printf(" %s up %s, %s (%u)\n", clock, text, name, domid);
		return;
	}
	if (days)
		snprintf(text, sizeof(text), "%ld day%s, %2ld:%02ld:%02ld", days,
			days > 1 ? "s" : "", hours, minutes, up % 60);
	else
		snprintf(text, sizeof(text), "%2ld:%02ld:%02ld", hours, minutes, up % 60);
	printf("%-33s %4u %s\n", name, domid, text);
}

int cmd_uptime(struct vane *v, int argc, char **argv)
{
	bool brief = false;
	domain_info *all;
	int opt, n, i, status;
	char *name;

	while ((opt = getopt(argc, argv, "sh")) != -1) {
		if (opt != 's')
			return vane_usage(v, "uptime");
		brief = true;
	}
	all = vane_domains(v, argc, argv, optind, &n, &status);
	if (!all)
		return status;
	if (v->json)
		json_uptimes(v, all, n, uptime_of);
	else if (!brief)
		printf("Name                                ID Uptime\n");
	for (i = 0; i < n && !v->json; i++) {
		name = vane_name(v, all[i].domain);
		print_uptime(name, all[i].domain, uptime_of(v, &all[i]), brief);
		free(name);
	}
	free(all);
	return 0;
}
