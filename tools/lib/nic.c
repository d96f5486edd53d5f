/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces: see nic.h. The script is called with "online type_if=vif" when the back end
 * has made the interface vif<domid>.<devid>, and with "offline type_if=vif" before it goes.
 */
#include "tools/lib/nic.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tools/lib/hostconf.h"
#include "tools/lib/hotplug.h"
#include "tools/lib/log.h"
#include "tools/lib/nicguard.h"
#include "tools/lib/nictap.h"
#include "tools/lib/paths.h"

#define DEFAULT_SCRIPT "vif-bridge"

static const char *script_of(const struct nic_config *n)
{
	return n->script ? n->script : DEFAULT_SCRIPT;
}

static void list_bridges(struct text *t)
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *de;
	char path[400];

	while (dir && (de = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", de->d_name);
		if (*de->d_name != '.' && !access(path, F_OK))
			text_add(t, "%s%s", t->len ? ", " : "", de->d_name);
	}
	if (dir)
		closedir(dir);
}

/* Which guest's interface is to have that name, renamed yet or not? */
static int check_guests(
	struct store *s, const struct nic_config *n, unsigned int index, struct error *e)
{
	unsigned int ndoms, nvifs, i, k;
	char **doms = store_list(s, &ndoms, "/libxl"), **vifs, *its, *name;
	int rc = 0;

	for (i = 0; i < ndoms && !rc; i++) {
		vifs = store_list(s, &nvifs, "/libxl/%s/device/vif", doms[i]);
		for (k = 0; k < nvifs && !rc; k++) {
			its = store_read(s, "/libxl/%s/device/vif/%s/vifname", doms[i], vifs[k]);
			if (its && !strcmp(its, n->vifname)) {
				name = store_read(s, "/local/domain/%s/name", doms[i]);
				rc = error_set(e, ERR_BUSY,
					"vif %u: vifname '%s' is that of interface %s of guest "
					"\"%s\"",
					index, n->vifname, vifs[k], name ? name : doms[i]);
				free(name);
			}
			free(its);
		}
		free(vifs);
	}
	free(doms);
	return rc;
}

/* An interface's alias, "" for none; the caller frees it. NULL: there is no such interface. */
static char *alias_of(const char *netdev)
{
	char *path = xprintf("%s/class/net/%s/ifalias", path_sysfs, netdev),
	     *alias = file_read(path, 512, NULL);

	if (alias)
		alias[strcspn(alias, "\n")] = 0;
	free(path);
	return alias;
}

static int check_vifname(
	struct store *s, const struct nic_config *n, unsigned int index, struct error *e)
{
	int rc = check_guests(s, n, index, e);
	char *alias = rc ? NULL : alias_of(n->vifname);

	if (alias)
		rc = error_set(e, ERR_BUSY,
			"vif %u: vifname '%s': the control domain has an interface of that "
			"name%s%s%s",
			index, n->vifname, *alias ? " (\"" : "", alias, *alias ? "\")" : "");
	if (rc)
		error_advice(e, "take another vifname; ip link show %s", n->vifname);
	free(alias);
	return rc;
}

int nic_check(struct store *s, const struct nic_config *n, unsigned int index, struct error *e)
{
	char *script = hotplug_path(script_of(n)), path[64];
	struct text present = { 0 };
	int rc = 0;

	if (access(script, X_OK))
		rc = error_errno(e, ERR_NOFILE, "vif %u: hotplug script %s", index, script);
	free(script);
	if (!rc && n->vifname)
		rc = check_vifname(s, n, index, e);
	if (rc || !n->bridge || strcmp(script_of(n), DEFAULT_SCRIPT))
		return rc;
	snprintf(path, sizeof(path), "/sys/class/net/%s", n->bridge);
	if (!access(path, F_OK))
		return 0;
	list_bridges(&present);
	error_set(e, ERR_CONFIG, "vif %u: bridge '%s' does not exist on this host; present: %s",
		index, n->bridge, present.len ? present.s : "none");
	error_advice(e, "ip link add %s type bridge; ip link set %s up", n->bridge, n->bridge);
	text_free(&present);
	return -1;
}

/* The same guest gets the same addresses at each start: they are made from its UUID. */
void nic_fill_mac(struct nic_config *n, const uint8_t uuid[16])
{
	uint32_t h = 2166136261u ^ (uint32_t)n->devid;
	int i;

	if (n->has_mac)
		return;
	for (i = 0; i < 16; i++)
		h = (h ^ uuid[i]) * 16777619u;
	memcpy(n->mac, "\x00\x16\x3e", 3);
	n->mac[3] = h >> 16 & 0x7f;
	n->mac[4] = h >> 8;
	n->mac[5] = h;
	n->has_mac = true;
}

static void describe(
	const struct nic_config *n, uint32_t domid, struct nodes *front, struct nodes *back)
{
	char mac[18], *script = hotplug_path(script_of(n));

	format_mac(n->mac, mac);
	nodes_add(front, "backend-id", "0");
	nodes_add(front, "state", "1");
	nodes_add(front, "handle", "%d", n->devid);
	nodes_add(front, "mac", "%s", mac);
	nodes_add(front, "trusted", "1");
	nodes_add(back, "frontend-id", "%u", domid);
	nodes_add(back, "online", "1");
	nodes_add(back, "state", "1");
	nodes_add(back, "script", "%s", script);
	nodes_add(back, "mac", "%s", mac);
	if (n->ip)
		nodes_add(back, "ip", "%s", n->ip);
	if (n->antispoof)
		nodes_add(back, "antispoof", "1");
	if (n->rate_bytes)
		nodes_add(back, "rate", "%llu,%u", (unsigned long long)n->rate_bytes,
			n->rate_interval_us);
	if (n->bridge)
		nodes_add(back, "bridge", "%s", n->bridge);
	if (n->vifname)
		nodes_add(back, "vifname", "%s", n->vifname);
	if (n->mtu)
		nodes_add(back, "mtu", "%u", n->mtu);
	if (n->gatewaydev)
		nodes_add(back, "gatewaydev", "%s", n->gatewaydev);
	nodes_add(back, "handle", "%d", n->devid);
	nodes_add(back, "type", "vif");
	nodes_add(back, "hotplug-status", "%s", "");
	free(script);
}

static int run_script(const char *script, const char *vif, const char *netdev,
	const struct device *d, char *action, struct error *e)
{
	char *path = hotplug_path(script),
	     *label = xprintf("%s for %s", strrchr(path, '/') + 1, vif);
	char *argv[] = { path, action, "type_if=vif", NULL };
	char *env[] = { "XENBUS_TYPE=vif", "XENBUS_BASE_PATH=backend",
		xprintf("XENBUS_PATH=backend/%s/%u/%u", d->back_kind, d->domid, d->devid),
		xprintf("script=%s", path), xprintf("vif=%s", vif),
		xprintf("netdev=%s", netdev ? netdev : ""), NULL };
	int rc = hotplug_run(label, argv, env, e), i;

	for (i = 2; i < 6; i++)
		free(env[i]);
	free(label);
	free(path);
	return rc;
}

/* All of it or nothing. The rules are freed. */
static int run_nft(const char *vif, char *rules, struct error *e)
{
	char *label = xprintf("nft for %s", vif);
	char *argv[] = { (char *)path_nft, rules, NULL }, *env[] = { NULL };
	int rc = hotplug_run(label, argv, env, e);

	if (rc)
		error_advice(e, "antispoof=1 needs the package nftables in the control domain");
	free(label);
	free(rules);
	return rc;
}

static bool is_user(const struct nic_config *n)
{
	return (n->backend == BACKEND_DEFAULT ? hostconf_backend("vif") : n->backend) ==
	       BACKEND_USER;
}

int nic_attach(struct store *s, uint32_t domid, const struct nic_config *n, struct error *e)
{
	bool user = is_user(n);
	struct device dev = device_served(domid, "vif", user ? "uvif" : "vif", n->devid);
	struct nodes front = { 0 }, back = { 0 };
	char *vif = xprintf("vif%u.%d", domid, n->devid), *why;
	int rc;

	describe(n, domid, &front, &back);
	rc = device_create(s, &dev, &front, &back, e);
	nodes_free(&front);
	nodes_free(&back);
	if (!rc)
		rc = device_wait_ready(s, &dev, vif, user ? NULL : "xen-netback", e);
	/* Before the script brings it to a bridge: not one frame passes unseen. */
	if (!rc && n->antispoof)
		rc = run_nft(vif, nicguard_rules(vif, n->mac, n->ip), e);
	if (!rc) {
		rc = run_script(script_of(n), vif, n->gatewaydev, &dev, "online", e);
		why = store_read(s, "%s/hotplug-error", dev.back);
		/* The scripts write the reason there and print nothing. */
		if (rc && why && !strstr(e->what, "script said"))
			snprintf(e->what + strlen(e->what), sizeof(e->what) - strlen(e->what),
				"\n  script said: %s", why);
		else if (why)
			rc = error_set(e, ERR_HOTPLUG, "%s: hotplug script: %s", vif, why);
		free(why);
	}
	free(vif);
	return rc;
}

/*
 * The name that a device's tap has now; caller frees. The hotplug script gives it the name in
 * xenstore once it is there; what has that name and is not marked as this device's is another's.
 */
static char *tap_name(struct store *s, const char *dir, uint32_t domid, uint32_t devid)
{
	char *name = store_read(s, "%s/vifname", dir), *first = xprintf("vif%u.%u", domid, devid),
	     *alias = name ? alias_of(name) : NULL;
	bool renamed = alias && !strcmp(alias, first);

	free(alias);
	free(renamed ? first : name);
	return renamed ? name : first;
}

void nic_detach(struct store *s, uint32_t domid, uint32_t devid)
{
	struct device dev = device_find(s, domid, "vif", devid);
	char *script = store_read(s, "%s/script", dev.record),
	     *status = store_read(s, "%s/hotplug-status", dev.back);
	bool user = strcmp(dev.back_kind, dev.kind) != 0;
	char *vif = user ? tap_name(s, dev.record, domid, devid)
			 : store_read(s, "%s/vifname", dev.record),
	     *netdev = store_read(s, "%s/gatewaydev", dev.record);
	char *guarded = store_read(s, "%s/antispoof", dev.record),
	     *first = xprintf("vif%u.%u", domid, devid);
	struct error e = { 0 };

	if (!vif)
		vif = xprintf("vif%u.%u", domid, devid);
	if (script && status && !strcmp(status, "connected") &&
		run_script(script, vif, netdev, &dev, "offline", &e))
		log_line(LOG_WARN, "warning: %s", e.what);
	if (!device_close(s, &dev))
		log_line(LOG_WARN, "warning: the back end of %s did not close", vif);
	if (user)
		nictap_remove(vif);
	/* Named by the device's first name; after the device, so that nothing passes between. */
	if (guarded && run_nft(first, nicguard_no_rules(first), &e))
		log_line(LOG_WARN, "warning: %s", e.what);
	device_forget(s, &dev);
	free(guarded);
	free(first);
	free(script);
	free(status);
	free(vif);
	free(netdev);
}

int nic_open(struct store *s, const char *back, uint32_t domid, uint32_t devid, int *fds,
	unsigned int max, struct error *e)
{
	/*
	 * A front end may use as many as it was told of: no fewer, though CPUs went offline since.
	 */
	long long cpus = get_nprocs(),
		  told = store_read_number(s, 0, "%s/multi-queue-max-queues", back),
		  want = told > cpus ? told : cpus;
	unsigned int count = want < 1 ? 1 : want > NICTAP_QUEUES ? NICTAP_QUEUES : want;
	char *name = tap_name(s, back, domid, devid), *mark = xprintf("vif%u.%u", domid, devid);
	int rc = nictap_open(name, mark, fds, count < max ? count : max, e);

	free(mark);
	free(name);
	return rc;
}
