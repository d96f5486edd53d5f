/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapped rings and event channels of a back end: see backend.h. One /dev/xen/evtchn serves all
 * devices. Its driver masks a port when it delivers an event, until the port is written back: that
 * is done when the work is finished, so an event costs one read and one write whatever comes
 * meanwhile. Closing /dev/xen/evtchn (or being killed) leaves the front end's port waiting for this
 * domain again, so a successor binds to the same port. Interface: <xen/sys/evtchn.h>.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/lib/backend_private.h"

#define PORTS 64 /* events taken with one read */

static xenevtchn_handle *evtchn;
static struct backend_watch watch; /* of it */
static struct backend_channel **by_port;
static size_t ports;
static struct backend_channel *due, **due_end = &due;

static void queue(struct backend_channel *c)
{
	if (c->queued)
		return;
	c->queued = true;
	c->due = NULL;
	*due_end = c;
	due_end = &c->due;
}

static void unqueue(struct backend_channel *c)
{
	struct backend_channel **link;

	for (link = &due; *link && *link != c; link = &(*link)->due)
		;
	if (!*link)
		return;
	*link = c->due;
	if (due_end == &c->due)
		due_end = link;
	c->queued = false;
}

/* Let events of these ports come again. */
static void unmask(const evtchn_port_t *port, unsigned int n)
{
	ssize_t size = n * sizeof(*port);

	if (n && write(xenevtchn_fd(evtchn), port, size) != size)
		log_line(LOG_ERROR, "%s: cannot unmask events: %s", backend_process.ops->program,
			strerror(errno));
}

bool backend_channels_due(void)
{
	return due;
}

bool backend_channels_run(void)
{
	evtchn_port_t done[PORTS];
	struct backend_channel *c;
	unsigned int n = 0, turns = 0;

	if (!due)
		return false;
	for (c = due; c; c = c->due)
		turns++;
	/* Those of another device may go meanwhile: its last I/O is seen by whoever works next. */
	while (turns-- && due) {
		c = due;
		unqueue(c);
		if (c->dev->p->leaving || c->dev->p->failed)
			continue;
		if (c->work(c->arg)) {
			queue(c);
			continue;
		}
		if (c->masked && !c->queued) {
			c->masked = false;
			done[n++] = c->port;
		}
		if (n == PORTS) {
			unmask(done, n);
			n = 0;
		}
	}
	unmask(done, n);
	return true;
}

/* The kernel has lost some, or there is nothing to read from any more: only a new process helps. */
static void events_lost(const char *why)
{
	log_line(LOG_ERROR, "%s: cannot read events: %s", backend_process.ops->program, why);
	sd_event_exit(backend_loop(), 1);
	backend_loop_changed();
}

static void events(void *arg)
{
	evtchn_port_t port[PORTS];
	struct backend_channel *c;
	ssize_t n, i;

	n = read(xenevtchn_fd(evtchn), port, sizeof(port));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		events_lost(n ? strerror(errno) : "there are none");
	for (i = 0; i < n / (ssize_t)sizeof(port[0]); i++) {
		c = port[i] < ports ? by_port[port[i]] : NULL;
		if (!c)
			continue;
		c->masked = true;
		queue(c);
	}
}

int backend_channels_open(struct error *e)
{
	int fd;

	evtchn = xenevtchn_open(NULL, 0);
	if (!evtchn)
		return error_errno(e, ERR_FAIL, "/dev/xen/evtchn");
	xenevtchn_restrict(evtchn, backend_process.domid);
	fd = xenevtchn_fd(evtchn);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (backend_watch(&watch, fd, EPOLLIN, events, NULL))
		return error_errno(e, ERR_FAIL, "no event source");
	return 0;
}

struct backend_channel *backend_bind(
	struct backend_device *dev, uint32_t remote_port, bool (*work)(void *arg), void *arg)
{
	xenevtchn_port_or_error_t port =
		xenevtchn_bind_interdomain(evtchn, dev->domid, remote_port);
	struct backend_channel *c;

	if (port < 0) {
		backend_fail(
			dev, "cannot bind to event channel %u: %s", remote_port, strerror(errno));
		return NULL;
	}
	if ((size_t)port >= ports) {
		by_port = xgrow(by_port, port + 64, sizeof(*by_port));
		memset(by_port + ports, 0, (port + 64 - ports) * sizeof(*by_port));
		ports = port + 64;
	}
	c = xalloc(sizeof(*c));
	*c = (struct backend_channel){
		.next = dev->p->channels, .dev = dev, .port = port, .work = work, .arg = arg
	};
	dev->p->channels = c;
	by_port[port] = c;
	backend_kick(c);
	return c;
}

void backend_notify(struct backend_channel *c)
{
	if (xenevtchn_notify(evtchn, c->port))
		backend_log(c->dev, LOG_WARN, "cannot send an event: %s", strerror(errno));
}

void backend_kick(struct backend_channel *c)
{
	queue(c);
}

xengnttab_handle *backend_gnttab(void)
{
	return backend_process.gnttab;
}

void *backend_map_ring(struct backend_device *dev, const uint32_t *refs, unsigned int n)
{
	struct backend_mapping *m;
	uint32_t copy[BACKEND_RING_PAGES];
	void *pages;

	if (!n || n > BACKEND_RING_PAGES) {
		backend_fail(dev, "a ring of %u pages", n);
		return NULL;
	}
	memcpy(copy, refs, n * sizeof(*copy));
	pages = xengnttab_map_domain_grant_refs(
		backend_process.gnttab, n, dev->domid, copy, PROT_READ | PROT_WRITE);
	if (!pages) {
		backend_fail(
			dev, "cannot map the ring (reference %u): %s", refs[0], strerror(errno));
		return NULL;
	}
	m = xalloc(sizeof(*m));
	*m = (struct backend_mapping){ .next = dev->p->mappings, .pages = pages, .count = n };
	dev->p->mappings = m;
	return pages;
}

void backend_release(struct backend_private *p)
{
	struct backend_channel *c;
	struct backend_mapping *m;

	while ((c = p->channels)) {
		p->channels = c->next;
		by_port[c->port] = NULL;
		unqueue(c);
		xenevtchn_unbind(evtchn, c->port);
		free(c);
	}
	while ((m = p->mappings)) {
		p->mappings = m->next;
		xengnttab_unmap(backend_process.gnttab, m->pages, m->count);
		free(m);
	}
}
