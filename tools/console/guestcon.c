/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's console: see guestcon.h.
 */
#include "tools/console/guestcon.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tools/lib/log.h"
#include "tools/lib/mem.h"
#include "tools/lib/text.h"

#define INTERVAL_US 100000
#define BUDGET	    (64 * 1024) /* bytes of output taken from a guest in one interval */

static int pty_ready(sd_event_source *src, int fd, uint32_t events, void *arg);
static int next_interval(sd_event_source *src, uint64_t now, void *arg);

static void set_interest(struct guestcon *g)
{
	uint32_t want = (ring_room(g->ring) ? EPOLLIN : 0) | (g->pending_len ? EPOLLOUT : 0);

	if (want != g->pty_events)
		sd_event_source_set_io_events(g->pty_source, want);
	g->pty_events = want;
}

static void drop_oldest(struct guestcon *g, size_t n)
{
	g->pending_start = (g->pending_start + n) % PENDING_MAX;
	g->pending_len -= n;
}

static void keep(struct guestcon *g, const char *p, size_t n)
{
	size_t i;

	if (g->pending_len + n > PENDING_MAX)
		drop_oldest(g, g->pending_len + n - PENDING_MAX);
	for (i = 0; i < n; i++)
		g->pending[(g->pending_start + g->pending_len++) % PENDING_MAX] = p[i];
}

static void flush_pending(struct guestcon *g)
{
	size_t n;
	ssize_t done;

	while (g->pending_len) {
		n = PENDING_MAX - g->pending_start;
		if (n > g->pending_len)
			n = g->pending_len;
		done = write(g->master, g->pending + g->pending_start, n);
		if (done <= 0)
			return;
		drop_oldest(g, done);
	}
}

static void take_output(struct guestcon *g)
{
	char buf[2048];
	ssize_t n;

	while (!g->broken && g->budget) {
		n = ring_take(g->ring, buf, g->budget < sizeof(buf) ? g->budget : sizeof(buf));
		if (n < 0) {
			log_line(LOG_WARN,
				"warning: domain %u: its console ring makes no sense, "
				"no longer served",
				g->domid);
			g->broken = true;
		}
		if (n <= 0)
			break;
		g->budget -= n;
		logfile_write(&g->log, buf, n);
		keep(g, buf, n);
		xenevtchn_notify(g->c->events, g->port);
	}
	flush_pending(g);
}

void guestcon_event(struct guestcon *g)
{
	take_output(g);
	if (g->broken)
		return;
	set_interest(g);
	/* Out of budget: the port stays masked until the next interval. */
	if (g->budget)
		xenevtchn_unmask(g->c->events, g->port);
	if (g->budget < BUDGET && sd_event_source_set_enabled(g->throttle, SD_EVENT_ONESHOT) >= 0)
		sd_event_source_set_time_relative(g->throttle, INTERVAL_US);
}

static int next_interval(sd_event_source *src, uint64_t now, void *arg)
{
	struct guestcon *g = arg;
	bool held = !g->budget;

	g->budget = BUDGET;
	if (held)
		guestcon_event(g);
	return 0;
}

static int pty_ready(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	struct guestcon *g = arg;
	size_t room = ring_room(g->ring);
	char buf[1024];
	ssize_t n;

	if (events & EPOLLOUT)
		flush_pending(g);
	if (events & EPOLLIN && room) {
		n = read(fd, buf, room < sizeof(buf) ? room : sizeof(buf));
		if (n > 0 && ring_give(g->ring, buf, n) > 0)
			xenevtchn_notify(g->c->events, g->port);
	}
	set_interest(g);
	return 0;
}

static int open_pty(struct guestcon *g)
{
	char name[128], path[64];
	struct termios t;

	if (openpty(&g->master, &g->slave, name, NULL, NULL))
		return -1;
	/* The slave stays open here, so that the master does not hang up between two visitors. */
	if (!tcgetattr(g->slave, &t)) {
		cfmakeraw(&t);
		tcsetattr(g->slave, TCSANOW, &t);
	}
	fchmod(g->slave, 0600);
	fcntl(g->master, F_SETFL, fcntl(g->master, F_GETFL) | O_NONBLOCK);
	fcntl(g->master, F_SETFD, FD_CLOEXEC);
	fcntl(g->slave, F_SETFD, FD_CLOEXEC);
	snprintf(path, sizeof(path), "/local/domain/%u/console", g->domid);
	g->c->s.failed = 0;
	store_put(&g->c->s, path, "tty", "%s", name);
	return g->c->s.failed ? -1 : 0;
}

static int map_ring(struct guestcon *g, xen_pfn_t mfn)
{
	g->ring = xengnttab_map_grant_ref(
		g->c->grants, g->domid, GNTTAB_RESERVED_CONSOLE, PROT_READ | PROT_WRITE);
	g->by_grant = g->ring;
	/* A domain made by other tools may not have granted it. */
	if (!g->ring)
		g->ring = mem_map(&g->c->x, g->domid, 1, &mfn);
	return g->ring ? 0 : -1;
}

static int attach(struct guestcon *g, xen_pfn_t mfn, uint32_t remote)
{
	if (map_ring(g, mfn))
		return -1;
	g->port = xenevtchn_bind_interdomain(g->c->events, g->domid, remote);
	if (g->port < 0 || open_pty(g))
		return -1;
	g->pty_events = EPOLLIN;
	if (sd_event_add_io(g->c->loop, &g->pty_source, g->master, EPOLLIN, pty_ready, g) < 0 ||
		sd_event_add_time_relative(g->c->loop, &g->throttle, CLOCK_MONOTONIC, INTERVAL_US,
			0, next_interval, g) < 0)
		return -1;
	return 0;
}

struct guestcon *guestcon_attach(struct consoled *c, const domain_info *d)
{
	long long mfn =
		store_read_number(&c->s, -1, "/local/domain/%u/console/ring-ref", d->domain);
	long long port = store_read_number(&c->s, -1, "/local/domain/%u/console/port", d->domain);
	char *type = store_read(&c->s, "/local/domain/%u/console/type", d->domain), *name, *stem;
	struct guestcon *g;

	if (mfn < 0 || port <= 0 || !type || strcmp(type, "xenconsoled")) {
		free(type);
		return NULL;
	}
	free(type);
	g = xalloc(sizeof(*g));
	g->c = c;
	g->domid = d->domain;
	memcpy(g->uuid, d->handle, sizeof(g->uuid));
	g->port = g->master = g->slave = g->log.fd = -1;
	g->budget = BUDGET;
	if (attach(g, mfn, port)) {
		log_line(
			LOG_WARN, "warning: domain %u: no console: %s", d->domain, strerror(errno));
		guestcon_detach(g);
		return NULL;
	}
	name = store_read(&c->s, "/local/domain/%u/name", d->domain);
	stem = xprintf("guest-%s", name ? name : "unnamed");
	logfile_open(&g->log, c->log_dir, stem, c->log_cap);
	free(stem);
	free(name);
	/* What it printed before we came is in the ring already. */
	guestcon_event(g);
	return g;
}

void guestcon_detach(struct guestcon *g)
{
	if (g->ring && g->port >= 0)
		take_output(g);
	sd_event_source_unref(g->pty_source);
	sd_event_source_unref(g->throttle);
	if (g->port >= 0)
		xenevtchn_unbind(g->c->events, g->port);
	if (g->ring && g->by_grant)
		xengnttab_unmap(g->c->grants, (void *)g->ring, 1);
	else if (g->ring)
		mem_unmap(&g->c->x, (void *)g->ring, 1);
	if (g->master >= 0)
		close(g->master);
	if (g->slave >= 0)
		close(g->slave);
	logfile_close(&g->log);
	free(g);
}
