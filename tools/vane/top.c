/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane top: what domains use of the host, now and again. With -b one table after the other, as
 * xentop prints them; else the terminal is repainted. Interfaces are counted by Linux, whoever
 * serves them; disks by blkback or, where the kernel's back end serves them, by that.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/backend_client.h"
#include "tools/lib/device.h"
#include "tools/lib/host.h"
#include "tools/lib/paths.h"
#include "tools/vane/screen.h"
#include "tools/vane/vane.h"

#include <xen/sched.h>

#define HEADER                                                                                   \
	"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS " \
	"NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID"

/* One domain; bytes and requests since it has its devices. */
struct row {
	char *name;
	domain_info info;
	double cpu_percent; /* since the last table, 100 for a whole CPU; 0 in the first */
	unsigned int nics, disks;
	unsigned long long sent, received; /* by the host */
	unsigned long long out_of_room, reads, writes, sectors_read, sectors_written;
};

struct table {
	struct row *row;
	int rows;
	struct timespec when;
	struct xen_sysctl_physinfo host;
};

enum order { BY_ID, BY_CPU, BY_MEMORY, BY_NETWORK, BY_DISK, ORDERS };
static const char *const order_names[] = { "id", "CPU", "memory", "network", "disk" };

struct top_options {
	bool batch, full_name;
	unsigned int delay; /* seconds */
	long iterations;    /* -1: no end */
	enum order order;
};

/* A number in the statistics of a device, whose directory is given. */
static unsigned long long statistic(const char *device, const char *name)
{
	char *path = xprintf("%s/%s/statistics/%s", path_sysfs, device, name),
	     *text = file_read(path, 64, NULL);
	unsigned long long n = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	free(path);
	return n;
}

/* As xentop has it, sent is what the host sends on its side of the interface: to the guest. */
static void add_nic(struct vane *v, struct row *r, uint32_t domid, uint32_t devid)
{
	char *name = store_read(&v->s, "/libxl/%u/device/vif/%u/vifname", domid, devid),
	     *device = name ? xprintf("class/net/%s", name)
			    : xprintf("class/net/vif%u.%u", domid, devid);

	r->nics++;
	r->sent += statistic(device, "tx_bytes");
	r->received += statistic(device, "rx_bytes");
	free(device);
	free(name);
}

static void add_kernel_disk(struct row *r, uint32_t domid, uint32_t devid)
{
	char *device = xprintf("bus/xen-backend/devices/vbd-%u-%u", domid, devid);

	r->out_of_room += statistic(device, "oo_req");
	r->reads += statistic(device, "rd_req");
	r->writes += statistic(device, "wr_req");
	r->sectors_read += statistic(device, "rd_sect");
	r->sectors_written += statistic(device, "wr_sect");
	free(device);
}

/* All disks of a domain that blkback serves; it never refuses one for want of room. */
static void add_own_disks(struct row *r, uint32_t domid)
{
	struct error e = { 0 };
	struct text t = { 0 };
	unsigned long long n;
	char *line, *next;

	backend_say("blkback", domid, "statistics", &t, &e);
	for (line = t.s ? strtok_r(t.s, "\n", &next) : NULL; line;
		line = strtok_r(NULL, "\n", &next)) {
		if (sscanf(line, "reads %llu", &n) == 1)
			r->reads += n;
		else if (sscanf(line, "writes %llu", &n) == 1 ||
			 sscanf(line, "barriers %llu", &n) == 1)
			r->writes += n;
		else if (sscanf(line, "bytes_read %llu", &n) == 1)
			r->sectors_read += n / 512;
		else if (sscanf(line, "bytes_written %llu", &n) == 1)
			r->sectors_written += n / 512;
	}
	text_free(&t);
}

static void add_devices(struct vane *v, struct row *r)
{
	uint32_t domid = r->info.domain, devid;
	struct device d;
	unsigned int n, i;
	bool own = false;
	char **ids;

	ids = store_list(&v->s, &n, "/libxl/%u/device/vif", domid);
	for (i = 0; i < n; i++)
		add_nic(v, r, domid, strtoul(ids[i], NULL, 10));
	free(ids);
	ids = store_list(&v->s, &n, "/libxl/%u/device/vbd", domid);
	for (i = 0; i < n; i++) {
		devid = strtoul(ids[i], NULL, 10);
		d = device_find(&v->s, domid, "vbd", devid);
		r->disks++;
		if (!strcmp(d.back_kind, "uvbd"))
			own = true;
		else
			add_kernel_disk(r, domid, devid);
	}
	free(ids);
	if (own)
		add_own_disks(r, domid);
}

static double cpu_percent(const struct row *r, const struct table *was, const struct timespec *now)
{
	double ns = (now->tv_sec - was->when.tv_sec) * 1e9 + now->tv_nsec - was->when.tv_nsec;
	int i;

	for (i = 0; i < was->rows && ns > 0; i++)
		if (was->row[i].info.domain == r->info.domain &&
			was->row[i].info.cpu_time <= r->info.cpu_time)
			return (r->info.cpu_time - was->row[i].info.cpu_time) * 100.0 / ns;
	return 0;
}

static void table_free(struct table *t)
{
	int i;

	for (i = 0; i < t->rows; i++)
		free(t->row[i].name);
	free(t->row);
	*t = (struct table){ 0 };
}

/* The table of now in place of the last one. 0, or the exit status after printing why not. */
static int refresh_table(struct vane *v, struct table *t)
{
	struct table now = { 0 };
	struct error e = { 0 };
	domain_info *all = NULL;
	struct row *r;

	now.rows = domain_list_all(&v->x, &all);
	if (now.rows < 0 || host_physinfo(&v->x, &now.host)) {
		free(all);
		error_errno(&e, ERR_FAIL, "the hypervisor does not answer");
		return vane_fail(v, &e);
	}
	clock_gettime(CLOCK_MONOTONIC, &now.when);
	now.row = xalloc(now.rows * sizeof(*now.row));
	for (r = now.row; r < now.row + now.rows; r++) {
		r->info = all[r - now.row];
		r->name = vane_name(v, r->info.domain);
		r->cpu_percent = cpu_percent(r, t, &now.when);
		add_devices(v, r);
	}
	free(all);
	table_free(t);
	*t = now;
	return 0;
}

static double key(const struct row *r, enum order order)
{
	switch (order) {
	case BY_CPU: return r->cpu_percent;
	case BY_MEMORY: return r->info.tot_pages;
	case BY_NETWORK: return r->sent + r->received;
	case BY_DISK: return r->sectors_read + r->sectors_written;
	default: return -(double)r->info.domain;
	}
}

static int compare(const void *a, const void *b, void *order)
{
	double x = key(a, *(enum order *)order), y = key(b, *(enum order *)order);

	return x < y ? 1 : x > y ? -1 : 0;
}

/* dying, shut down, blocked, crashed, paused, running. */
static void state_letters(const domain_info *d, char out[7])
{
	bool shut = domain_is_shutdown(d);

	snprintf(out, 7, "%c%c%c%c%c%c", domain_is_dying(d) ? 'd' : '-', shut ? 's' : '-',
		d->flags & XEN_DOMINF_blocked ? 'b' : '-',
		shut && domain_shutdown_reason(d) == SHUTDOWN_crash ? 'c' : '-',
		d->flags & XEN_DOMINF_paused ? 'p' : '-',
		d->flags & XEN_DOMINF_running ? 'r' : '-');
}

static void add_row(struct text *t, const struct row *r, const struct table *all, bool full_name)
{
	double pages = all->host.total_pages ? all->host.total_pages : 1;
	const domain_info *d = &r->info;
	char state[7];

	state_letters(d, state);
	text_add(t, full_name ? "%10s" : "%10.10s", r->name);
	text_add(t, " %6s %10llu %6.1f %10llu %6.1f", state,
		(unsigned long long)d->cpu_time / 1000000000, r->cpu_percent,
		(unsigned long long)pages_to_kb(d->tot_pages), d->tot_pages * 100 / pages);
	if (d->max_pages >= UINT_MAX)
		text_add(t, " %10s %9s", "no limit", "n/a");
	else
		text_add(t, " %10llu %9.1f", (unsigned long long)pages_to_kb(d->max_pages),
			d->max_pages * 100 / pages);
	text_add(t, " %5u %4u %8llu %8llu %4u %8llu %8llu %8llu %10llu %10llu %4u\n",
		d->nr_online_vcpus, r->nics, r->sent / 1024, r->received / 1024, r->disks,
		r->out_of_room, r->reads, r->writes, r->sectors_read, r->sectors_written,
		d->ssidref);
}

static void add_table(struct text *out, struct table *t, struct top_options *o)
{
	int i;

	qsort_r(t->row, t->rows, sizeof(*t->row), compare, &o->order);
	text_add(out, "%s\n", HEADER);
	for (i = 0; i < t->rows; i++)
		add_row(out, &t->row[i], t, o->full_name);
}

static int batch(struct vane *v, struct top_options *o)
{
	struct table t = { 0 };
	struct text out = { 0 };
	long left = o->iterations;
	int rc = 0;

	while (left && !(rc = refresh_table(v, &t))) {
		add_table(&out, &t, o);
		printf("%s", out.s);
		fflush(stdout);
		text_free(&out);
		left -= left > 0;
		if (left)
			sleep(o->delay);
	}
	table_free(&t);
	return rc;
}

/* Two lines about the host above the table. */
static void paint(struct table *t, struct top_options *o)
{
	struct text out = { 0 };
	time_t now = time(NULL);
	char clock[16];

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	text_add(&out, "vane top %s  %d domains  CPUs: %u @ %u MHz  Mem: %lluk total, %lluk free\n",
		clock, t->rows, t->host.nr_cpus, t->host.cpu_khz / 1000,
		(unsigned long long)pages_to_kb(t->host.total_pages),
		(unsigned long long)pages_to_kb(t->host.free_pages));
	text_add(&out, "q: quit  s: sort (by %s)  f: full names\n", order_names[o->order]);
	add_table(&out, t, o);
	screen_paint(out.s, 2);
	text_free(&out);
}

static int full_screen(struct vane *v, struct top_options *o)
{
	struct table t = { 0 };
	long left = o->iterations;
	int rc = 0, c = 0;

	screen_start();
	while (left && c != 'q' && !(rc = refresh_table(v, &t))) {
		paint(&t, o);
		left -= left > 0;
		c = left ? screen_key(o->delay) : 'q';
		if (c == 's')
			o->order = (o->order + 1) % ORDERS;
		else if (c == 'f')
			o->full_name = !o->full_name;
	}
	screen_stop();
	table_free(&t);
	return rc;
}

static bool number(const char *text, long *n)
{
	char *end;

	*n = strtol(text, &end, 10);
	return end != text && !*end && *n > 0 && *n <= INT_MAX / 1000;
}

int cmd_top(struct vane *v, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "batch", no_argument, NULL, 'b' },
		{ "delay", required_argument, NULL, 'd' },
		{ "iterations", required_argument, NULL, 'i' },
		{ "full-name", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	struct top_options o = { .delay = 3, .iterations = -1 };
	bool good = true;
	long n;
	int opt;

	while ((opt = getopt_long(argc, argv, "bd:i:fh", longs, NULL)) != -1 && good) {
		n = 0;
		switch (opt) {
		case 'b': o.batch = true; break;
		case 'f': o.full_name = true; break;
		case 'd': good = number(optarg, &n), o.delay = n; break;
		case 'i': good = number(optarg, &n), o.iterations = n; break;
		default: good = false;
		}
	}
	if (!good || optind < argc)
		return vane_usage(v, "top");
	return o.batch ? batch(v, &o) : full_screen(v, &o);
}
