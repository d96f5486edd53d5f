/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane-consoled: serves the consoles of all guests and logs the hypervisor's own. One sd-event
 * loop; what goes wrong with one guest's console closes that console. Started again at any time, it
 * takes up the consoles where they are.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/console/guestcon.h"
#include "tools/lib/daemon.h"
#include "tools/lib/host.h"
#include "tools/lib/log.h"
#include "tools/lib/storewatch.h"
#include "tools/lib/text.h"

#define LOG_DIR		   "/var/log/xen/console"
#define LOG_CAP		   (1 << 20)
#define HYPERVISOR_POLL_US 1000000

struct hypervisor_log {
	struct consoled *c;
	struct logfile file;
	uint32_t index;
	xenevtchn_port_or_error_t port;
};

static struct consoled C;
static struct storewatch watch = { .s = &C.s };
static struct hypervisor_log H = { .c = &C, .port = -1 };

static struct guestcon *find_guest(uint32_t domid)
{
	struct guestcon *g;

	for (g = C.guests; g && g->domid != domid; g = g->next)
		;
	return g;
}

static const domain_info *find_info(const domain_info *all, int n, const struct guestcon *g)
{
	int i;

	for (i = 0; i < n; i++)
		if (all[i].domain == g->domid && !domain_is_dying(&all[i]) &&
			!memcmp(all[i].handle, g->uuid, 16))
			return &all[i];
	return NULL;
}

/* Detach from what has gone, attach to what has come. */
static void look_around(bool timer)
{
	struct guestcon *g, **link = &C.guests;
	domain_info *all;
	int n = domain_list_all(&C.x, &all), i;

	if (n < 0)
		return;
	if (!C.s.xs) {
		free(all);
		return;
	}
	while ((g = *link)) {
		if (find_info(all, n, g)) {
			link = &g->next;
			continue;
		}
		*link = g->next;
		guestcon_detach(g);
	}
	for (i = 0; i < n; i++) {
		if (!all[i].domain || domain_is_dying(&all[i]) || find_guest(all[i].domain))
			continue;
		g = guestcon_attach(&C, &all[i]);
		if (g) {
			g->next = C.guests;
			C.guests = g;
		}
	}
	free(all);
}

static void read_hypervisor(void)
{
	struct text t = { 0 };

	if (!host_console(&C.x, &t, false, &H.index) && t.len)
		logfile_write(&H.file, t.s, t.len);
	text_free(&t);
}

static int event_ready(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(C.events);
	struct guestcon *g;

	if (port < 0)
		return 0;
	for (g = C.guests; g && g->port != port; g = g->next)
		;
	if (g)
		guestcon_event(g);
	else if (port == H.port) {
		read_hypervisor();
		xenevtchn_unmask(C.events, port);
	}
	return 0;
}

static int hypervisor_poll(sd_event_source *src, uint64_t now, void *arg)
{
	read_hypervisor();
	sd_event_source_set_time_relative(src, HYPERVISOR_POLL_US);
	return 0;
}

static void make_directories(const char *path)
{
	char *copy = xstrdup(path), *p;

	for (p = copy + 1; *p; p++)
		if (*p == '/') {
			*p = 0;
			mkdir(copy, 0755);
			*p = '/';
		}
	mkdir(copy, 0750);
	free(copy);
}

static int open_all(struct error *e)
{
	sigset_t stop;

	if (xen_open(&C.x, e))
		return -1;
	C.events = xenevtchn_open(NULL, 0);
	C.grants = xengnttab_open(NULL, 0);
	if (!C.events || !C.grants) {
		error_errno(e, ERR_FAIL, "/dev/xen/evtchn and /dev/xen/gntdev");
		error_advice(e, "modprobe -a xen-evtchn xen-gntdev");
		return -1;
	}
	if (sd_event_default(&C.loop) < 0)
		return error_set(e, ERR_FAIL, "no event loop");
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	sd_event_add_signal(C.loop, NULL, SIGTERM, NULL, NULL);
	sd_event_add_signal(C.loop, NULL, SIGINT, NULL, NULL);
	watch.loop = C.loop;
	watch.look = look_around;
	if (storewatch_start(&watch, e))
		return -1;
	if (sd_event_add_io(C.loop, NULL, xenevtchn_fd(C.events), EPOLLIN, event_ready, NULL) < 0)
		return error_set(e, ERR_FAIL, "no event sources");
	return 0;
}

/* The console-ring VIRQ goes to one taker only; where it is taken (or not there), a timer does. */
static void follow_hypervisor(void)
{
	logfile_open(&H.file, C.log_dir, "hypervisor", C.log_cap);
	H.port = xenevtchn_bind_virq(C.events, VIRQ_CON_RING);
	read_hypervisor();
	if (H.port < 0)
		sd_event_add_time_relative(C.loop, NULL, CLOCK_MONOTONIC, HYPERVISOR_POLL_US, 0,
			hypervisor_poll, NULL);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "log-dir", required_argument, NULL, 'd' },
		{ "log-size", required_argument, NULL, 's' },
		{ "foreground", no_argument, NULL, 'F' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct error e = { 0 };
	bool foreground = false;
	int opt, rc;

	C.log_dir = LOG_DIR;
	C.log_cap = LOG_CAP;
	log_open(LOG_INFO, true);
	while ((opt = getopt_long(argc, argv, "Fh", longs, NULL)) != -1) {
		if (opt == 'F')
			foreground = true;
		else if (opt == 'd')
			C.log_dir = optarg;
		else if (opt == 's')
			C.log_cap = strtoul(optarg, NULL, 0);
		else if (opt == 'v')
			log_open(LOG_DBG, true);
		else {
			fprintf(opt == 'h' ? stdout : stderr,
				"usage: vane-consoled [-F] [--log-dir DIR] "
				"[--log-size BYTES] [--verbose]\n");
			return opt == 'h' ? 0 : 2;
		}
	}
	daemon_start(foreground);
	make_directories(C.log_dir);
	if (open_all(&e)) {
		error_print(&e);
		return 1;
	}
	follow_hypervisor();
	look_around(false);
	daemon_ready();
	rc = sd_event_loop(C.loop);
	while (C.guests) {
		struct guestcon *g = C.guests;

		C.guests = g->next;
		guestcon_detach(g);
	}
	logfile_close(&H.file);
	return rc < 0 ? 1 : rc;
}
