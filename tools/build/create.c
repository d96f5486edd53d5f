/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creating a guest: see create.h. The xenstore layout (nodes, order and permissions) is what
 * stock 4.17 leaves there, so that scripts and other tools find what they expect.
 */
#include "tools/build/create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools/build/load.h"
#include "tools/lib/disk.h"
#include "tools/lib/diskuse.h"
#include "tools/lib/guest.h"
#include "tools/lib/host.h"
#include "tools/lib/hostconf.h"
#include "tools/lib/log.h"
#include "tools/lib/nic.h"
#include "tools/lib/record.h"
#include "tools/lib/vcpu.h"

#define MAXMEM_SLACK_KB 1024 /* as libxl: room beyond maxmem for the domain's odd pages */
#define EVENT_CHANNELS	1023
#define CONSOLE_LIMIT	(1 << 20)

struct creation {
	struct xen *x;
	struct store *s;
	struct config *c;
	struct kernel_image image;
	struct load ld;
	struct xen_sysctl_physinfo phys;
	uint32_t domid;
	char uuid[37];
};

void guest_fill_uuid(struct config *c)
{
	if (c->has_uuid)
		return;
	if (getrandom(c->uuid, sizeof(c->uuid), 0) != sizeof(c->uuid))
		memset(c->uuid, 0x11, sizeof(c->uuid));
	c->uuid[6] = (c->uuid[6] & 0x0f) | 0x40;
	c->uuid[8] = (c->uuid[8] & 0x3f) | 0x80;
	c->has_uuid = true;
}

static int check_memory(struct creation *k, struct error *e)
{
	uint64_t need = k->ld.pages, spare = k->phys.free_pages;
	domain_info dom0;

	if (k->phys.outstanding_pages < spare)
		spare -= k->phys.outstanding_pages;
	if (need <= spare)
		return 0;
	error_set(e, ERR_NOMEM, "not enough memory\n  needs %llu MiB; free %llu MiB",
		(unsigned long long)need >> 8, (unsigned long long)spare >> 8);
	if (!domain_get(k->x, 0, &dom0))
		snprintf(e->what + strlen(e->what), sizeof(e->what) - strlen(e->what),
			" (Domain-0 holds %llu MiB)", (unsigned long long)dom0.tot_pages >> 8);
	error_advice(e, "memory = %llu, or stop another guest",
		(unsigned long long)(spare >> 8) > 8 ? (spare >> 8) - 8 : 0ULL);
	return -1;
}

/* Has an interface before this one the same name in the control domain? */
static int same_vifname(const struct config *c, unsigned int i, struct error *e)
{
	const char *name = c->nics[i].vifname;
	unsigned int k;

	for (k = 0; name && k < i; k++)
		if (c->nics[k].vifname && !strcmp(c->nics[k].vifname, name))
			return error_set(e, ERR_CONFIG, "vif %u: vifname '%s' is that of vif %u", i,
				name, k);
	return 0;
}

/* Is it a disk before it as well? */
static int same_disk(const struct config *c, unsigned int number, struct error *e)
{
	unsigned int i;

	for (i = 0; i < number; i++)
		if (diskuse_apart(&c->disks[number], &c->disks[i], e))
			return -1;
	return 0;
}

static int check_all(struct creation *k, struct error *e)
{
	struct config *c = k->c;
	uint32_t other;
	unsigned int i;

	if (!guest_find_name(k->x, k->s, c->name, &other)) {
		error_set(e, ERR_BUSY, "domain %u is already called \"%s\"", other, c->name);
		error_advice(e, "vane destroy %s, or name=\"...\" behind the file's name", c->name);
		return -1;
	}
	for (i = 0; i < c->ndisks; i++)
		if (disk_check(k->s, &c->disks[i], e) || same_disk(c, i, e))
			return -1;
	for (i = 0; i < c->nnics; i++)
		if (same_vifname(c, i, e) || nic_check(k->s, &c->nics[i], i, e))
			return -1;
	if (host_physinfo(k->x, &k->phys))
		return error_errno(e, ERR_PERM, "the hypervisor does not answer");
	if (check_memory(k, e))
		return -1;
	progress("reading %s", c->kernel);
	if (kernel_image_open(&k->image, c->kernel, e))
		return -1;
	k->ld.image = &k->image;
	return load_check(&k->ld, e);
}

static int pool_id(struct creation *k, uint32_t *id, struct error *e)
{
	unsigned int n, i;
	char **pools, *name;
	int found = 0;

	*id = 0;
	if (!k->c->pool)
		return 0;
	pools = store_list(k->s, &n, "/local/pool");
	for (i = 0; i < n && !found; i++) {
		name = store_read(k->s, "/local/pool/%s/name", pools[i]);
		found = name && !strcmp(name, k->c->pool);
		if (found)
			*id = strtoul(pools[i], NULL, 10);
		free(name);
	}
	free(pools);
	return found ? 0 : error_set(e, ERR_CONFIG, "there is no CPU pool \"%s\"", k->c->pool);
}

static int set_affinity(struct creation *k, struct error *e)
{
	struct config *c = k->c;
	unsigned int ncpus = k->phys.max_cpu_id + 1, v;
	struct cpumap hard, soft;

	for (v = 0; v < c->maxvcpus; v++) {
		bool has_hard = c->ncpus == 1 || v < c->ncpus,
		     has_soft = c->ncpus_soft == 1 || v < c->ncpus_soft;

		if (has_hard)
			parse_cpumap(c->cpus[c->ncpus == 1 ? 0 : v], &hard);
		if (has_soft)
			parse_cpumap(c->cpus_soft[c->ncpus_soft == 1 ? 0 : v], &soft);
		if (!has_hard && !has_soft)
			continue;
		if (vcpu_set_affinity(k->x, k->domid, v, ncpus, has_hard ? &hard : NULL,
			    has_soft ? &soft : NULL, false))
			return error_errno(e, ERR_CONFIG,
				"cpus: vcpu %u cannot be put on these processors (the host has %u)",
				v, ncpus);
	}
	return 0;
}

static int set_weight(struct creation *k, struct error *e)
{
	uint16_t weight, cap;

	if (k->c->weight < 0 && k->c->cap < 0)
		return 0;
	if (sched_get(k->x, k->domid, &weight, &cap) ||
		sched_set(k->x, k->domid, k->c->weight < 0 ? weight : k->c->weight,
			k->c->cap < 0 ? cap : k->c->cap))
		return error_errno(e, ERR_FAIL, "cannot set cpu_weight and cap");
	return 0;
}

static int make_domain(struct creation *k, struct error *e)
{
	struct config *c = k->c;
	struct xen_domctl_createdomain how = {
		.max_vcpus = c->maxvcpus,
		.max_evtchn_port =
			c->max_event_channels < 0 ? EVENT_CHANNELS : c->max_event_channels,
		.max_grant_frames = c->max_grant_frames,
		.max_maptrack_frames = c->max_maptrack_frames,
		.grant_opts = XEN_DOMCTL_GRANT_version(
			k->phys.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2 ? 2 : 1),
	};

	memcpy(how.handle, c->uuid, sizeof(how.handle));
	if (pool_id(k, &how.cpupool_id, e))
		return -1;
	if (domain_create(k->x, &how, &k->domid))
		return error_errno(e, errno == ENOMEM ? ERR_NOMEM : ERR_FAIL,
			"the hypervisor creates no domain");
	k->ld.domid = k->domid;
	if (domain_set_max_vcpus(k->x, k->domid, c->maxvcpus))
		return error_errno(e, ERR_NOMEM, "%lld vcpus cannot be had", c->maxvcpus);
	if (domain_set_max_kb(k->x, k->domid, c->maxmem_kb + MAXMEM_SLACK_KB))
		return error_errno(e, ERR_FAIL, "cannot set the memory limit");
	if (c->tsc_mode && domain_set_tsc_mode(k->x, k->domid, c->tsc_mode))
		return error_errno(e, ERR_FAIL, "cannot set tsc_mode");
	if (domain_alloc_port(k->x, k->domid, &k->ld.store_port) ||
		domain_alloc_port(k->x, k->domid, &k->ld.console_port))
		return error_errno(e, ERR_FAIL, "no event channel");
	if (set_affinity(k, e))
		return -1;
	return set_weight(k, e);
}

static void write_vm(struct creation *k, const char *vm)
{
	struct store *s = k->s;
	struct timeval now;

	gettimeofday(&now, NULL);
	store_mkdir(s, vm, 0, k->domid);
	store_put(s, vm, "name", "%s", k->c->name);
	store_put(s, vm, "uuid", "%s", k->uuid);
	store_put(s, vm, "image/ostype", "linux");
	store_put(s, vm, "image/kernel", "%s", k->c->kernel);
	if (k->c->ramdisk)
		store_put(s, vm, "image/ramdisk", "%s", k->c->ramdisk);
	if (k->c->cmdline)
		store_put(s, vm, "image/cmdline", "%s", k->c->cmdline);
	store_put(s, vm, "start_time", "%lld.%02ld", (long long)now.tv_sec, now.tv_usec / 10000);
}

/* Directories that the guest may write to. */
static void write_guest_owned(struct creation *k, const char *dom)
{
	static const char *const names[] = { "device/suspend/event-channel", "control/shutdown",
		"control/feature-poweroff", "control/feature-reboot", "control/feature-suspend",
		"control/sysrq", "data", "drivers", "feature", "attr", "error" };
	char path[96];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dom, names[i]);
		store_mkdir(k->s, path, k->domid, -1);
	}
}

static void write_domain(struct creation *k, const char *dom, const char *vm)
{
	struct store *s = k->s;
	struct config *c = k->c;
	char name[48];
	long long v;

	store_mkdir(s, dom, 0, k->domid);
	store_put(s, dom, "vm", "%s", vm);
	store_put(s, dom, "name", "%s", c->name);
	for (v = 0; v < c->maxvcpus; v++) {
		snprintf(name, sizeof(name), "cpu/%lld/availability", v);
		store_put(s, dom, name, "%s", v < c->vcpus ? "online" : "offline");
	}
	store_put(s, dom, "memory/static-max", "%llu", (unsigned long long)c->maxmem_kb);
	store_put(s, dom, "memory/target", "%llu", (unsigned long long)c->memory_kb);
	store_put(s, dom, "memory/videoram", "0");
	write_guest_owned(k, dom);
	store_put(s, dom, "control/platform-feature-multiprocessor-suspend", "1");
	store_put(s, dom, "control/platform-feature-xs_reset_watches", "1");
	store_put(s, dom, "domid", "%u", k->domid);
	store_put(s, dom, "store/port", "%u", k->ld.store_port);
}

/* The domain's part of xenstore before it has memory; the rings' frames follow in announce(). */
static int write_store(struct creation *k, struct error *e)
{
	char dom[48], vm[64], ours[48];
	int rc;

	snprintf(dom, sizeof(dom), "/local/domain/%u", k->domid);
	snprintf(vm, sizeof(vm), "/vm/%s", k->uuid);
	snprintf(ours, sizeof(ours), "/libxl/%u", k->domid);
	do {
		store_begin(k->s);
		store_rm(k->s, dom);
		store_rm(k->s, vm);
		store_rm(k->s, ours);
		write_vm(k, vm);
		write_domain(k, dom, vm);
		store_mkdir(k->s, ours, 0, -1);
		store_put(k->s, ours, "type", "pv");
		store_put(k->s, ours, "dm-version", "qemu_xen");
		rc = store_commit(k->s);
	} while (rc == 1);
	return rc ? error_errno(e, ERR_FAIL, "cannot write the domain to xenstore") : 0;
}

static int add_console(struct creation *k, struct error *e)
{
	struct device d = device_of(k->domid, "console", 0);
	struct nodes front = { 0 }, back = { 0 };
	int rc;

	nodes_add(&front, "backend-id", "0");
	nodes_add(&front, "limit", "%d", CONSOLE_LIMIT);
	nodes_add(&front, "type", "xenconsoled");
	nodes_add(&front, "output", "pty");
	nodes_add(&front, "tty", "%s", "");
	nodes_add(&front, "port", "%u", k->ld.console_port);
	nodes_add(&front, "ring-ref", "%llu", (unsigned long long)k->ld.console_mfn);
	nodes_add(&back, "frontend-id", "%u", k->domid);
	nodes_add(&back, "online", "1");
	nodes_add(&back, "state", "1");
	nodes_add(&back, "protocol", "vt100");
	rc = device_create(k->s, &d, &front, &back, e);
	nodes_free(&front);
	nodes_free(&back);
	return rc;
}

/* Tell xenstored of the guest's ring; from here on it may use the store. */
static int announce(struct creation *k, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/store/ring-ref", k->domid);
	store_write(k->s, path, "%llu", (unsigned long long)k->ld.store_mfn);
	if (k->s->failed ||
		!xs_introduce_domain(k->s->xs, k->domid, k->ld.store_mfn, k->ld.store_port))
		return error_errno(e, ERR_DAEMON, "xenstored does not take the domain");
	return 0;
}

static int add_devices(struct creation *k, struct error *e)
{
	unsigned int i;

	for (i = 0; i < k->c->ndisks; i++) {
		progress("disk %s", k->c->disks[i].vdev);
		if (disk_attach(k->s, k->domid, &k->c->disks[i], e))
			return -1;
	}
	for (i = 0; i < k->c->nnics; i++) {
		progress("vif %u", i);
		if (nic_attach(k->s, k->domid, &k->c->nics[i], e))
			return -1;
	}
	return 0;
}

static int save_record(struct creation *k, const char *path, const char *text, struct error *e)
{
	char *whole = xprintf("%s\nname = \"%s\"\nuuid = \"%s\"\n", text, k->c->name, k->uuid);
	int rc = record_write(k->domid, k->c, path, whole);

	free(whole);
	return rc ? error_errno(e, ERR_FAIL, "cannot write the guest's record in /var/lib/xen") : 0;
}

int guest_create(struct xen *x, struct store *s, struct config *c, const char *path,
	const char *text, uint32_t *domid, struct error *e)
{
	struct creation k = { .x = x, .s = s, .c = c };
	struct error undo = { 0 };
	unsigned int i;
	int rc, lock = guest_lock();

	guest_fill_uuid(c);
	hostconf_apply(c);
	format_uuid(c->uuid, k.uuid);
	for (i = 0; i < c->nnics; i++)
		nic_fill_mac(&c->nics[i], c->uuid);
	k.ld.pages = c->memory_kb / 4;
	k.ld.vcpus = c->maxvcpus;
	k.ld.claim = c->claim_mode;
	k.ld.ramdisk = c->ramdisk;
	k.ld.cmdline = c->cmdline ? c->cmdline : "";
	rc = check_all(&k, e);
	if (!rc) {
		rc = make_domain(&k, e);
		rc = rc || write_store(&k, e) || load_domain(x, &k.ld, e) || add_console(&k, e) ||
				     announce(&k, e) || add_devices(&k, e) ||
				     save_record(&k, path, text, e)
			     ? -1
			     : 0;
	}
	kernel_image_close(&k.image);
	progress_end();
	if (rc && k.domid && guest_destroy(x, s, k.domid, &undo))
		error_state(e, "domain %u could not be removed: vane destroy %u", k.domid, k.domid);
	else if (rc)
		error_state(e, k.domid ? "it was destroyed again; nothing was left behind"
				       : "nothing was created");
	if (lock >= 0)
		close(lock);
	*domid = k.domid;
	return rc ? error_in(e, "cannot start \"%s\"", c->name) : 0;
}
