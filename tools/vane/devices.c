/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane network-list, block-list: devices of domains, read from xenstore, and what blkback
 * and netback count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/backend_client.h"
#include "tools/lib/device.h"
#include "tools/vane/vane.h"

static void print_nic(struct vane *v, const struct device *d)
{
	struct store *s = &v->s;
	char *mac = store_read(s, "%s/mac", d->record);
	long long tx = store_read_number(s, -1, "%s/tx-ring-ref", d->front),
		  rx = store_read_number(s, -1, "%s/rx-ring-ref", d->front);
	char refs[32];

	snprintf(refs, sizeof(refs), "%lld/%lld", tx, rx);
	printf("%-3u 0  %-17s %5lld %5lld %6lld %8s          %-30s\n", d->devid, mac ? mac : "",
		store_read_number(s, -1, "%s/handle", d->front),
		store_read_number(s, -1, "%s/state", d->front),
		store_read_number(s, -1, "%s/event-channel", d->front), refs, d->back);
	free(mac);
}

static void print_disk(struct vane *v, const struct device *d)
{
	struct store *s = &v->s;

	printf("%-5u 0   %-6u %-5lld %-6lld %-8lld %-30s\n", d->devid, d->domid,
		store_read_number(s, -1, "%s/state", d->front),
		store_read_number(s, -1, "%s/event-channel", d->front),
		store_read_number(s, -1, "%s/ring-ref", d->front), d->back);
}

static int each(struct vane *v, int argc, char **argv, const char *kind,
	void (*print)(struct vane *v, const struct device *d))
{
	int i, rc, status = 0;
	unsigned int n, k;
	struct device d;
	uint32_t domid;
	char **ids;

	for (i = 1; i < argc; i++) {
		rc = vane_domain(v, argv[i], &domid);
		if (rc) {
			status = rc;
			continue;
		}
		ids = store_list(&v->s, &n, "/libxl/%u/device/%s", domid, kind);
		for (k = 0; k < n; k++) {
			d = device_find(&v->s, domid, kind, strtoul(ids[k], NULL, 10));
			print(v, &d);
		}
		free(ids);
	}
	return status;
}

/* What a back end of ours counts; the kernel's is asked by other means. */
static int statistics(struct vane *v, const char *program, int argc, char **argv)
{
	struct error e = { 0 };
	struct text t = { 0 };
	uint32_t domid;
	int i, rc = 0;

	for (i = 0; i < argc && !rc; i++) {
		rc = vane_domain(v, argv[i], &domid);
		if (rc)
			break;
		if (backend_say(program, domid, "statistics", &t, &e))
			rc = vane_fail(v, &e);
	}
	if (!rc && t.s)
		printf("%s", t.s);
	text_free(&t);
	return rc;
}

static bool wants_statistics(int argc, char **argv)
{
	return argc > 2 && (!strcmp(argv[1], "-s") || !strcmp(argv[1], "--statistics"));
}

int cmd_network_list(struct vane *v, int argc, char **argv)
{
	if (wants_statistics(argc, argv))
		return statistics(v, "netback", argc - 2, argv + 2);
	printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%5s %-30s\n", "Idx", "BE", "Mac Addr.", "handle",
		"state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
	return each(v, argc, argv, "vif", print_nic);
}

int cmd_block_list(struct vane *v, int argc, char **argv)
{
	if (wants_statistics(argc, argv))
		return statistics(v, "blkback", argc - 2, argv + 2);
	printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch",
		"ring-ref", "BE-path");
	return each(v, argc, argv, "vbd", print_disk);
}
