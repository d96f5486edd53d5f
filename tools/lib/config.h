/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration file asks for, checked: names, sizes, devices, with every default filled in.
 * Pure; the keys are in config.def. Warnings (unknown keys with a suggestion, keys that do nothing
 * for a PV guest) are collected as text.
 */
#ifndef TOOLS_LIB_CONFIG_H
#define TOOLS_LIB_CONFIG_H

#include <stdint.h>

#include "tools/lib/cfgfile.h"
#include "tools/lib/json.h"
#include "tools/lib/text.h"
#include "tools/lib/units.h"

enum action {
	ACTION_DESTROY,
	ACTION_RESTART,
	ACTION_RENAME_RESTART,
	ACTION_PRESERVE,
	ACTION_COREDUMP_DESTROY,
	ACTION_COREDUMP_RESTART,
	ACTION_SOFT_RESET
};
const char *action_name(enum action a); /* as in xl.cfg, with '-' */

/* Who serves a device: the kernel's driver (backendtype=phy), blkback or netback (=user). */
enum backend_type { BACKEND_DEFAULT, BACKEND_KERNEL, BACKEND_USER };

struct disk_config {
	char *path;   /* "" for an empty drive; a file, a block device, or an NBD URI */
	char *format; /* NULL: raw; else one that diskimage_driver() knows */
	char *vdev;
	uint32_t number; /* the vdev's xenbus number */
	char *script;	 /* NULL: none was given */
	bool readwrite, removable, cdrom;
	bool unchecked; /* "w!": whoever else uses it */
	bool discard;	/* may be switched off with no-discard */
	bool discard_set, direct_io_safe, phy;
	enum backend_type backend;
	struct cfg_place at;
};

struct nic_config {
	int devid;
	uint8_t mac[6];
	bool has_mac;
	bool antispoof; /* frames with other addresses than mac and ip are dropped */
	char *bridge, *ip, *script, *vifname, *gatewaydev;
	uint32_t mtu;	     /* 0: default */
	uint64_t rate_bytes; /* an interval; 0: unlimited */
	uint32_t rate_interval_us;
	enum backend_type backend;
	struct cfg_place at;
};

struct config {
	char *name, *pool, *kernel, *ramdisk, *cmdline, *root, *extra;
	uint8_t uuid[16];
	bool has_uuid;
	long long vcpus, maxvcpus, weight, cap; /* weight, cap: -1 when not given */
	uint64_t memory_kb, maxmem_kb;
	char **cpus, **cpus_soft; /* one a vcpu, or one for all */
	unsigned int ncpus, ncpus_soft;
	enum action on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset;
	long long max_grant_frames, max_maptrack_frames, max_event_channels, claim_mode;
	int tsc_mode;
	struct disk_config *disks;
	unsigned int ndisks;
	struct nic_config *nics;
	unsigned int nnics;
	struct text warnings; /* lines */
};

/* Read the text of a file and of arguments "key=value" (one a line after it). strict: unknown keys
 * are errors. */
int config_read(const char *path, const char *text, size_t len, const char *arguments, bool strict,
	struct config *c, struct error *e);
void config_free(struct config *c);

/* "target,format,vdev,access,key=value..."; why (at least 256 bytes) says what is wrong. */
int disk_parse(const char *spec, struct disk_config *d, char *why, size_t size);
/* The other way; caller frees. */
char *disk_format(const struct disk_config *d);
void disk_config_free(struct disk_config *d);
/* "mac=...,bridge=..." */
int nic_parse(const char *spec, struct nic_config *n, char *why, size_t size);
char *nic_format(const struct nic_config *n);
void nic_config_free(struct nic_config *n);

/* libxl's JSON of a domain configuration. running: with what `list -l` adds; domid -1 while not
 * running. */
struct config_live {
	uint64_t target_kb, max_kb;
	uint32_t weight, cap;
};
void config_json(
	struct json *j, const char *key, const struct config *c, const struct config_live *live);

#endif
