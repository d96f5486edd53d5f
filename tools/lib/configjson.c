/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration as the JSON that `xl create -n` and `xl list -l` print (libxl_domain_config):
 * order, names and which defaults are left out were taken from stock xl 4.17.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/lib/config.h"

static void c_info(struct json *j, const struct config *c, bool live)
{
	char uuid[37];

	json_open(j, "c_info", '{');
	json_string(j, "type", "pv");
	json_string(j, "name", c->name);
	if (live)
		json_number(j, "domid", 0xffffffff);
	if (c->has_uuid) {
		format_uuid(c->uuid, uuid);
		json_string(j, "uuid", uuid);
	}
	json_defbool(j, "run_hotplug_scripts", true);
	if (c->pool)
		json_string(j, "pool_name", c->pool);
	json_close(j, '}');
}

static void sched_params(struct json *j, const struct config *c, const struct config_live *live)
{
	json_open(j, "sched_params", '{');
	if (live)
		json_string(j, "sched", "credit2");
	if (live || c->weight >= 0)
		json_number(j, "weight", live ? live->weight : c->weight);
	if (live || c->cap >= 0)
		json_number(j, "cap", live ? live->cap : c->cap);
	json_close(j, '}');
}

static void vcpu_list(struct json *j, const struct config *c)
{
	long long i;

	json_number(j, "max_vcpus", c->maxvcpus);
	json_open(j, "avail_vcpus", '[');
	for (i = 0; i < c->vcpus; i++)
		json_number(j, NULL, i);
	json_close(j, ']');
}

static void b_info(struct json *j, const struct config *c, const struct config_live *live)
{
	static const char *const tsc[] = { "default", "always_emulate", "native",
		"native_paravirt" };

	json_open(j, "b_info", '{');
	if (live || c->maxvcpus > 1)
		vcpu_list(j, c);
	if (c->tsc_mode)
		json_string(j, "tsc_mode", tsc[c->tsc_mode]);
	json_number(j, "max_memkb", live ? live->max_kb : c->maxmem_kb);
	json_number(j, "target_memkb", live ? live->target_kb : c->memory_kb);
	if (live)
		json_number(j, "video_memkb", 0);
	sched_params(j, c, live);
	json_defbool(j, "claim_mode", c->claim_mode);
	if (c->max_event_channels >= 0)
		json_number(j, "event_channels", c->max_event_channels);
	json_string(j, "kernel", c->kernel);
	if (c->cmdline)
		json_string(j, "cmdline", c->cmdline);
	if (c->ramdisk)
		json_string(j, "ramdisk", c->ramdisk);
	if (c->max_grant_frames >= 0)
		json_number(j, "max_grant_frames", c->max_grant_frames);
	if (c->max_maptrack_frames >= 0)
		json_number(j, "max_maptrack_frames", c->max_maptrack_frames);
	json_empty(j, "type.pv");
	json_empty(j, "arch_arm");
	json_open(j, "arch_x86", '{');
	if (live)
		json_defbool(j, "msr_relaxed", false);
	json_close(j, '}');
	json_close(j, '}');
}

static void disk(struct json *j, const struct disk_config *d, bool live)
{
	json_open(j, NULL, '{');
	json_string(j, "pdev_path", d->path);
	json_string(j, "vdev", d->vdev);
	json_string(j, "format", !d->path[0] ? "empty" : d->format ? d->format : "raw");
	if (d->phy || d->backend == BACKEND_KERNEL)
		json_string(j, "backend", "phy");
	if (d->script)
		json_string(j, "script", d->script);
	if (d->removable)
		json_number(j, "removable", 1);
	if (d->readwrite)
		json_number(j, "readwrite", 1);
	if (d->cdrom)
		json_number(j, "is_cdrom", 1);
	if (d->direct_io_safe)
		json_number(j, "direct_io_safe", 1);
	if (d->discard_set)
		json_defbool(j, "discard_enable", d->discard);
	if (live)
		json_defbool(j, "colo_restore_enable", false);
	json_close(j, '}');
}

static void optional(struct json *j, const char *key, const char *value)
{
	if (value)
		json_string(j, key, value);
}

static void nic(struct json *j, const struct nic_config *n, bool live)
{
	char mac[18];

	json_open(j, NULL, '{');
	json_number(j, "devid", n->devid);
	if (n->mtu)
		json_number(j, "mtu", n->mtu);
	if (n->has_mac) {
		format_mac(n->mac, mac);
		json_string(j, "mac", mac);
	}
	optional(j, "ip", n->ip);
	optional(j, "bridge", n->bridge);
	optional(j, "ifname", n->vifname);
	optional(j, "script", n->script);
	if (live)
		json_string(j, "nictype", "vif");
	if (n->rate_bytes) {
		json_number(j, "rate_bytes_per_interval", n->rate_bytes);
		json_number(j, "rate_interval_usecs", n->rate_interval_us);
	}
	optional(j, "gatewaydev", n->gatewaydev);
	json_close(j, '}');
}

static void action(struct json *j, const char *key, enum action a)
{
	char *name, *p;

	if (a == ACTION_DESTROY)
		return;
	name = xstrdup(action_name(a));
	while ((p = strchr(name, '-')))
		*p = '_';
	json_string(j, key, name);
	free(name);
}

void config_json(
	struct json *j, const char *key, const struct config *c, const struct config_live *live)
{
	unsigned int i;

	json_open(j, key, '{');
	c_info(j, c, live);
	b_info(j, c, live);
	if (c->ndisks) {
		json_open(j, "disks", '[');
		for (i = 0; i < c->ndisks; i++)
			disk(j, &c->disks[i], live);
		json_close(j, ']');
	}
	if (c->nnics) {
		json_open(j, "nics", '[');
		for (i = 0; i < c->nnics; i++)
			nic(j, &c->nics[i], live);
		json_close(j, ']');
	}
	action(j, "on_poweroff", c->on_poweroff);
	action(j, "on_reboot", c->on_reboot);
	action(j, "on_crash", c->on_crash);
	action(j, "on_watchdog", c->on_watchdog);
	action(j, "on_soft_reset", c->on_soft_reset);
	json_close(j, '}');
}
