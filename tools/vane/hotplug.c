/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane block-attach, block-detach, network-attach, network-detach: devices of a running guest. What
 * is attached here is in the guest's record too, so that it is there again in the guest's next
 * life.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/config.h"
#include "tools/lib/disk.h"
#include "tools/lib/log.h"
#include "tools/lib/nic.h"
#include "tools/lib/record.h"
#include "tools/vane/vane.h"

/* A guest, locked against other changes, with its record if it is one of ours. */
struct target {
	uint32_t domid;
	bool recorded;
	struct config c;
	int lock;
};

static int open_target(struct vane *v, const char *who, struct target *t)
{
	domain_info d = { 0 };
	int rc = vane_domain(v, who, &t->domid);

	if (rc)
		return rc;
	t->lock = guest_lock();
	memset(&t->c, 0, sizeof(t->c));
	t->recorded = !domain_get(&v->x, t->domid, &d) && !record_read(t->domid, d.handle, &t->c);
	memcpy(t->c.uuid, d.handle, sizeof(t->c.uuid));
	return 0;
}

static void close_target(struct target *t, bool changed)
{
	if (changed && t->recorded && record_devices(t->domid, &t->c))
		log_line(LOG_WARN, "warning: the guest's record could not be changed: "
				   "the next start will not know of this");
	config_free(&t->c);
	if (t->lock >= 0)
		close(t->lock);
}

/* "a", "b", "c" as one specification "a,b,c". */
static char *join(int argc, char **argv)
{
	struct text t = { 0 };
	int i;

	text_add(&t, "%s", "");
	for (i = 0; i < argc; i++)
		text_add(&t, "%s%s", i ? "," : "", argv[i]);
	return t.s;
}

static int attach_disk(struct vane *v, struct target *t, const char *spec, struct error *e)
{
	struct disk_config d = { 0 };
	struct device dev;
	char why[256];
	int rc;

	if (disk_parse(spec, &d, why, sizeof(why))) {
		disk_config_free(&d);
		return error_set(e, ERR_VALUE, "disk: %s", why);
	}
	dev = device_of(t->domid, "vbd", d.number);
	if (store_exists(&v->s, dev.record))
		rc = error_set(e, ERR_BUSY, "domain %u already has a disk %s", t->domid, d.vdev);
	else
		rc = disk_check(&v->s, &d, e);
	if (rc || v->dry_run) {
		disk_config_free(&d);
		return rc;
	}
	rc = disk_attach(&v->s, t->domid, &d, e);
	if (rc) {
		disk_detach(&v->s, t->domid, d.number);
		error_state(e, "domain %u is as it was before", t->domid);
		disk_config_free(&d);
		return rc;
	}
	t->c.disks = xgrow(t->c.disks, t->c.ndisks + 1, sizeof(d));
	t->c.disks[t->c.ndisks++] = d;
	return 0;
}

typedef int attach_fn(struct vane *v, struct target *t, const char *spec, struct error *e);

/* "GUEST SPEC...": attach one device to a guest. */
static int attach(struct vane *v, int argc, char **argv, attach_fn *device)
{
	struct error e = { 0 };
	struct target t;
	char *spec;
	int rc = open_target(v, argv[1], &t);

	if (rc)
		return rc;
	spec = join(argc - 2, argv + 2);
	rc = device(v, &t, spec, &e);
	free(spec);
	close_target(&t, !rc && !v->dry_run);
	return rc ? vane_fail(v, &e) : 0;
}

int cmd_block_attach(struct vane *v, int argc, char **argv)
{
	return attach(v, argc, argv, attach_disk);
}

static int not_released(
	struct target *t, const char *what, const char *command, const char *name, struct error *e)
{
	error_set(e, ERR_TIMEOUT, "domain %u does not let go of %s %s", t->domid, what, name);
	error_state(e, "it is still attached");
	error_advice(e, "unmount it in the guest, or vane %s", command);
	return -1;
}

int cmd_block_detach(struct vane *v, int argc, char **argv)
{
	bool force = v->force;
	struct error e = { 0 };
	struct device dev;
	uint32_t number;
	struct target t;
	unsigned int i;
	int opt, rc;

	while ((opt = getopt(argc, argv, "f")) != -1) {
		if (opt != 'f')
			return vane_usage(v, "block-detach");
		force = true;
	}
	if (argc - optind != 2)
		return vane_usage(v, "block-detach");
	rc = open_target(v, argv[optind], &t);
	if (rc)
		return rc;
	argv += optind;
	if (!parse_vdev(argv[1], &number))
		dev = device_find(&v->s, t.domid, "vbd", number);
	if (parse_vdev(argv[1], &number) || !store_exists(&v->s, dev.record)) {
		rc = error_set(&e, ERR_NOTFOUND, "domain %u has no disk %s", t.domid, argv[1]);
	} else if (!force && !device_release(&v->s, &dev)) {
		rc = not_released(&t, "disk", "block-detach -f", argv[1], &e);
	} else {
		disk_detach(&v->s, t.domid, number);
		for (i = 0; i < t.c.ndisks; i++)
			if (t.c.disks[i].number == number) {
				disk_config_free(&t.c.disks[i]);
				t.c.disks[i] = t.c.disks[--t.c.ndisks];
			}
	}
	close_target(&t, !rc);
	return rc ? vane_fail(v, &e) : 0;
}

static int free_devid(struct vane *v, uint32_t domid)
{
	struct device d;
	int id = 0;

	do {
		d = device_of(domid, "vif", id++);
	} while (store_exists(&v->s, d.record));
	return id - 1;
}

static int attach_nic(struct vane *v, struct target *t, const char *spec, struct error *e)
{
	struct nic_config n = { .devid = -1 };
	struct device dev;
	char why[256];
	int rc;

	if (nic_parse(spec, &n, why, sizeof(why))) {
		nic_config_free(&n);
		return error_set(e, ERR_VALUE, "vif: %s", why);
	}
	if (n.devid < 0)
		n.devid = free_devid(v, t->domid);
	nic_fill_mac(&n, t->c.uuid);
	dev = device_of(t->domid, "vif", n.devid);
	if (store_exists(&v->s, dev.record))
		rc = error_set(
			e, ERR_BUSY, "domain %u already has an interface %d", t->domid, n.devid);
	else
		rc = nic_check(&v->s, &n, n.devid, e);
	if (rc || v->dry_run) {
		nic_config_free(&n);
		return rc;
	}
	rc = nic_attach(&v->s, t->domid, &n, e);
	if (rc) {
		nic_detach(&v->s, t->domid, n.devid);
		error_state(e, "domain %u is as it was before", t->domid);
		nic_config_free(&n);
		return rc;
	}
	t->c.nics = xgrow(t->c.nics, t->c.nnics + 1, sizeof(n));
	t->c.nics[t->c.nnics++] = n;
	return 0;
}

int cmd_network_attach(struct vane *v, int argc, char **argv)
{
	return attach(v, argc, argv, attach_nic);
}

/* The id of an interface given as number or MAC address; -1 if there is none. */
static int find_nic(struct vane *v, uint32_t domid, const char *which)
{
	unsigned int n, i;
	char **ids = store_list(&v->s, &n, "/libxl/%u/device/vif", domid), *mac;
	uint8_t wanted[6], its[6];
	bool by_mac = !parse_mac(which, wanted);
	int found = -1;

	for (i = 0; i < n && found < 0; i++) {
		mac = store_read(&v->s, "/libxl/%u/device/vif/%s/mac", domid, ids[i]);
		if (by_mac ? mac && !parse_mac(mac, its) && !memcmp(its, wanted, 6)
			   : !strcmp(ids[i], which))
			found = atoi(ids[i]);
		free(mac);
	}
	free(ids);
	return found;
}

int cmd_network_detach(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	struct device dev;
	struct target t;
	unsigned int i;
	int id, rc = open_target(v, argv[1], &t);

	if (rc)
		return rc;
	id = find_nic(v, t.domid, argv[2]);
	dev = device_find(&v->s, t.domid, "vif", id);
	if (id < 0) {
		rc = error_set(&e, ERR_NOTFOUND, "domain %u has no interface %s", t.domid, argv[2]);
	} else if (!v->force && !device_release(&v->s, &dev)) {
		rc = not_released(&t, "interface", "-f network-detach", argv[2], &e);
	} else {
		nic_detach(&v->s, t.domid, id);
		for (i = 0; i < t.c.nnics; i++)
			if (t.c.nics[i].devid == id) {
				nic_config_free(&t.c.nics[i]);
				t.c.nics[i] = t.c.nics[--t.c.nnics];
			}
	}
	close_target(&t, !rc);
	return rc ? vane_fail(v, &e) : 0;
}
