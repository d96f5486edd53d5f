/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane --json: what list, vcpu-list, uptime, info and errors say, for programs. Sizes are in KiB,
 * times in nanoseconds or seconds as the key says. xl has no such option and prints none of this.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/lib/vcpu.h"
#include "tools/vane/vane.h"

#include <xen/sched.h>

static const char *state_of(const domain_info *d)
{
	if (domain_is_dying(d))
		return "dying";
	if (domain_is_shutdown(d))
		return domain_shutdown_reason(d) == SHUTDOWN_crash ? "crashed" : "shutdown";
	if (d->flags & XEN_DOMINF_paused)
		return "paused";
	return d->flags & XEN_DOMINF_running ? "running" : "blocked";
}

static void open_domain(struct vane *v, struct json *j, const domain_info *d)
{
	char *name = vane_name(v, d->domain);

	json_open(j, NULL, '{');
	json_number(j, "domid", d->domain);
	json_string(j, "name", name);
	free(name);
}

static void say(struct json *j)
{
	printf("%s\n", j->out.s);
	text_free(&j->out);
}

void json_domains(struct vane *v, const domain_info *all, int n)
{
	struct json j = { 0 };
	char uuid[37];

	json_open(&j, NULL, '[');
	for (int i = 0; i < n; i++) {
		format_uuid(all[i].handle, uuid);
		open_domain(v, &j, &all[i]);
		json_string(&j, "uuid", uuid);
		json_string(&j, "state", state_of(&all[i]));
		if (domain_is_shutdown(&all[i]))
			json_number(&j, "shutdown_reason", domain_shutdown_reason(&all[i]));
		json_number(&j, "memory_kb", pages_to_kb(all[i].tot_pages));
		json_number(&j, "max_memory_kb", pages_to_kb(all[i].max_pages));
		json_number(&j, "vcpus", all[i].nr_online_vcpus);
		json_number(&j, "cpu_time_ns", all[i].cpu_time);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	say(&j);
}

static void json_vcpu(
	struct vane *v, struct json *j, const domain_info *d, uint32_t vcpu, unsigned int ncpus)
{
	struct xen_domctl_getvcpuinfo i;
	struct cpumap hard, soft;
	char text[256];

	if (vcpu_get(&v->x, d->domain, vcpu, &i) ||
		vcpu_get_affinity(&v->x, d->domain, vcpu, ncpus, &hard, &soft))
		return;
	open_domain(v, j, d);
	json_number(j, "vcpu", vcpu);
	json_string(j, "state",
		!i.online   ? "offline"
		: i.running ? "running"
		: i.blocked ? "blocked"
			    : "runnable");
	if (i.online)
		json_number(j, "cpu", i.cpu);
	json_number(j, "cpu_time_ns", i.cpu_time);
	format_cpumap(&hard, ncpus, text, sizeof(text));
	json_string(j, "hard_affinity", text);
	format_cpumap(&soft, ncpus, text, sizeof(text));
	json_string(j, "soft_affinity", text);
	json_close(j, '}');
}

void json_vcpus(struct vane *v, const domain_info *all, int n, unsigned int ncpus)
{
	struct json j = { 0 };

	json_open(&j, NULL, '[');
	for (int i = 0; i < n; i++)
		for (uint32_t c = 0;
			c <= all[i].max_vcpu_id && all[i].max_vcpu_id != XEN_INVALID_MAX_VCPU_ID;
			c++)
			json_vcpu(v, &j, &all[i], c, ncpus);
	json_close(&j, ']');
	say(&j);
}

void json_uptimes(struct vane *v, const domain_info *all, int n,
	long (*uptime)(struct vane *v, const domain_info *d))
{
	struct json j = { 0 };

	json_open(&j, NULL, '[');
	for (int i = 0; i < n; i++) {
		open_domain(v, &j, &all[i]);
		json_number(&j, "uptime_s", uptime(v, &all[i]));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	say(&j);
}

static bool is_number(const char *s, size_t n)
{
	if (!n || n > 18 || (s[0] == '0' && n > 1))
		return false;
	while (n && isdigit((unsigned char)s[n - 1]))
		n--;
	return !n;
}

/* One "key   : value" line; lines of tables have no such key. */
static void json_line(struct json *j, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n), *value;
	char key[32], text[1024];
	size_t k, size;

	if (!colon)
		return;
	for (k = colon - line; k && line[k - 1] == ' '; k--)
		;
	value = colon + 1 + (colon + 1 < line + n && colon[1] == ' ');
	size = line + n - value;
	snprintf(key, sizeof(key), "%.*s", (int)k, line);
	snprintf(text, sizeof(text), "%.*s", (int)size, value);
	if (is_number(value, size))
		json_number(j, key, strtoll(text, NULL, 10));
	else
		json_string(j, key, text);
}

void json_info(const char *lines)
{
	struct json j = { 0 };
	const char *end;

	json_open(&j, NULL, '{');
	for (; (end = strchr(lines, '\n')); lines = end + 1)
		json_line(&j, lines, end - lines);
	json_close(&j, '}');
	say(&j);
}

void json_error(const struct error *e, int status)
{
	struct json j = { 0 };
	char code[16];

	snprintf(code, sizeof(code), "PVN-E%04d", error_code(e));
	json_open(&j, NULL, '{');
	json_string(&j, "error", e->what);
	json_string(&j, "state", e->state);
	json_string(&j, "try", e->advice);
	json_string(&j, "code", code);
	json_string(&j, "kind", error_name(e));
	json_number(&j, "exit_status", status);
	json_close(&j, '}');
	fprintf(stderr, "%s\n", j.out.s);
	text_free(&j.out);
}
