/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process of a back end: see backend.h. It owns the list of devices and their way through the
 * xenbus states. Whatever xenstore tells only marks devices as dirty; they are looked at when there
 * is nothing else to read, so that a storm of states costs one look. There is no orderly end: a
 * process that is stopped leaves its devices as they are, for the one that is started next.
 */
#include "tools/lib/backend_private.h"
#include "tools/lib/backend_source.h"
#include "tools/lib/backend_state.h"
#include "tools/lib/confine.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xenstore_lib.h>
#include <xentoollog.h>

#define LOG_LINES_A_SECOND 5
#define OPEN_TRIES	   30
#define OPEN_PAUSE_US	   1000000
#define LOCK_POLL_US	   2000	  /* at first */
#define LOCK_POLL_MAX_US   100000 /* a disk that does not answer for long */

struct backend_process backend_process;
#define P backend_process

/* A message, which may have words of a guest's: one line, and nothing that a terminal obeys. */
static char *say(const char *fmt, va_list ap)
{
	char *text, *c;

	if (vasprintf(&text, fmt, ap) < 0)
		return xstrdup(fmt);
	for (c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	return text;
}

void backend_log(struct backend_device *dev, enum log_level level, const char *fmt, ...)
{
	struct backend_private *p = dev->p;
	struct timespec now;
	va_list ap;
	char *text;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec != p->log_second) {
		if (p->log_dropped)
			log_line(LOG_WARN, "%s %u.%u: %u more lines", P.ops->program, dev->domid,
				dev->devid, p->log_dropped);
		p->log_second = now.tv_sec;
		p->log_lines = p->log_dropped = 0;
	}
	if (p->log_lines++ >= LOG_LINES_A_SECOND) {
		p->log_dropped++;
		return;
	}
	va_start(ap, fmt);
	text = say(fmt, ap);
	va_end(ap);
	log_line(level, "%s %u.%u: %s", P.ops->program, dev->domid, dev->devid, text);
	free(text);
}

int backend_fail(struct backend_device *dev, const char *fmt, ...)
{
	struct backend_private *p = dev->p;
	char *text, *dir;
	va_list ap;

	if (p->failed)
		return -1;
	p->failed = true;
	va_start(ap, fmt);
	text = say(fmt, ap);
	va_end(ap);
	backend_log(dev, LOG_WARN, "%s; the device is closed", text);
	/* Where the kernel's back ends leave theirs. */
	dir = xprintf(
		"/local/domain/0/error/backend/%s/%u/%u", P.ops->kind, dev->domid, dev->devid);
	store_put(&P.store, dir, "error", "%s", text);
	free(dir);
	free(text);
	backend_look_soon(p);
	return -1;
}

void backend_publish(struct backend_device *dev, const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	/* The front end has read all that from our predecessor. */
	if (dev->p->probing && dev->p->resumes)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0)
		store_put(&P.store, dev->back, name, "%s", text);
	va_end(ap);
	free(text);
}

long long backend_own_number(struct backend_device *dev, const char *name, long long dflt)
{
	return store_read_number(&P.store, dflt, "%s/%s", dev->back, name);
}

char *backend_own_text(struct backend_device *dev, const char *name)
{
	return store_read(&P.store, "%s/%s", dev->back, name);
}

/* 1: in value; 0: absent; -1: backend_fail(). */
static int front_read(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, va_list ap)
{
	char node[64], *text, *end;
	unsigned long long n;
	int rc = 1;

	vsnprintf(node, sizeof(node), name, ap);
	text = store_read(&P.store, "%s/%s", dev->front, node);
	if (!text)
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n < min || n > max)
		rc = backend_fail(dev, "%s is no number from %u to %u", node, min, max);
	else
		*value = n;
	free(text);
	return rc;
}

int backend_front_number(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, ...)
{
	va_list ap;
	int rc;

	va_start(ap, name);
	rc = front_read(dev, value, min, max, name, ap);
	va_end(ap);
	if (!rc)
		rc = backend_fail(dev, "the front end did not write %s", name);
	return rc < 0 ? -1 : 0;
}

int backend_front_optional(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, ...)
{
	va_list ap;
	int rc;

	va_start(ap, name);
	rc = front_read(dev, value, min, max, name, ap);
	va_end(ap);
	return rc < 0 ? -1 : 0;
}

bool backend_front_text(struct backend_device *dev, char *buf, size_t size, const char *name)
{
	char *text = store_read(&P.store, "%s/%s", dev->front, name);
	bool there = text;

	if (text)
		snprintf(buf, size, "%s", text);
	free(text);
	return there;
}

struct backend_private *backend_find(uint32_t devid)
{
	struct backend_private *p;

	for (p = P.devices; p && p->dev.devid != devid; p = p->next)
		;
	return p;
}

void backend_look_soon(struct backend_private *p)
{
	p->dirty = true;
	sd_event_source_set_enabled(P.looker, SD_EVENT_ONESHOT);
	backend_loop_changed();
}

static void set_state(struct backend_private *p, enum xenbus_state state)
{
	p->dev.state = state;
	backend_publish(&p->dev, "state", "%d", state);
}

/* Take the device out of the list and forget it. Nothing of it is in use. */
static void drop(struct backend_private *p)
{
	struct backend_private **link;

	for (link = &P.devices; *link != p; link = &(*link)->next)
		;
	*link = p->next;
	xs_unwatch(P.store.xs, p->dev.front, "front");
	if (p->created)
		P.ops->destroy(&p->dev);
	while (p->nfds)
		close(p->fds[--p->nfds]);
	sd_event_source_disable_unref(p->lock_timer);
	sd_event_source_disable_unref(p->open_timer);
	if (p->dev.memory)
		munmap(p->dev.memory, P.ops->memory);
	if (p->mark)
		munmap(p->mark, BACKEND_MARK);
	if (p->dev.memory_fd >= 0)
		close(p->dev.memory_fd);
	free(p);
}

static void mark_connected(struct backend_private *p, bool connected)
{
	if (p->mark)
		p->mark->connected = connected;
}

void backend_disconnected(struct backend_device *dev)
{
	struct backend_private *p = dev->p;

	p->connected = p->leaving = p->failed = false;
	backend_release(p);
	mark_connected(p, false);
	if (p->then == THEN_CLOSED)
		set_state(p, XenbusStateClosed);
	else if (p->then == THEN_WAIT)
		set_state(p, XenbusStateInitWait);
	backend_look_soon(p);
}

static void disconnect(struct backend_private *p, enum backend_then then)
{
	p->then = then;
	if (p->leaving)
		return;
	p->leaving = true;
	if (!p->connected || P.ops->disconnect(&p->dev))
		backend_disconnected(&p->dev);
}

static void connect_front(struct backend_private *p, bool resuming)
{
	p->dev.resuming = resuming;
	p->connected = true;
	if (!resuming && P.ops->memory)
		memset(p->dev.memory, 0, P.ops->memory);
	if (P.ops->connect(&p->dev) || p->failed) {
		p->failed = true;
		backend_look_soon(p);
		return;
	}
	mark_connected(p, true);
	if (!resuming)
		set_state(p, XenbusStateConnected);
	backend_log(&p->dev, LOG_INFO, resuming ? "goes on" : "connected");
	p->dev.resuming = false;
}

static void act(struct backend_private *p, enum backend_action a, long long theirs)
{
	switch (a) {
	case ACT_STAY: break;
	case ACT_CONNECT: connect_front(p, false); break;
	case ACT_RESET: disconnect(p, THEN_WAIT); break;
	case ACT_CLOSING: set_state(p, XenbusStateClosing); break;
	case ACT_CLOSE: disconnect(p, THEN_CLOSED); break;
	case ACT_REOPEN:
		if (backend_own_number(&p->dev, "online", 0))
			set_state(p, XenbusStateInitWait);
		break;
	case ACT_ERROR:
		/* It may write what it likes once it is closed. */
		if (p->dev.state == XenbusStateClosed)
			break;
		backend_fail(&p->dev, "the front end went to state %lld in our state %d", theirs,
			p->dev.state);
		break;
	}
}

/* Where the front end is: written by the toolstack with the device. It must be the domain's own. */
static bool find_front(struct backend_device *dev)
{
	char *front = backend_own_text(dev, "frontend"), own[40];
	bool ok;

	snprintf(own, sizeof(own), "/local/domain/%u/", dev->domid);
	ok = front && strlen(front) < sizeof(dev->front) && !strncmp(front, own, strlen(own));
	if (ok)
		strcpy(dev->front, front);
	free(front);
	return ok;
}

static void add(uint32_t devid)
{
	struct backend_private *p = xalloc(sizeof(*p));
	struct backend_device *dev = &p->dev;

	*dev = (struct backend_device){ .domid = P.domid, .devid = devid, .memory_fd = -1, .p = p };
	snprintf(dev->back, sizeof(dev->back), "%s/%u", P.dir, devid);
	if (!find_front(dev)) {
		free(p);
		return;
	}
	dev->state = backend_own_number(dev, "state", XenbusStateInitialising);
	p->next = P.devices;
	P.devices = p;
	p->created = true;
	if (P.ops->create(dev) || !xs_watch(P.store.xs, dev->front, "front"))
		p->failed = true;
	backend_look_soon(p);
}

/* Devices that came or went. */
static void look_for_devices(void)
{
	unsigned int n, i;
	char **ids = store_list(&P.store, &n, "%s", P.dir), *end;
	struct backend_private *p;
	unsigned long id;

	for (i = 0; i < n; i++) {
		id = strtoul(ids[i], &end, 10);
		if (*ids[i] && !*end && id <= UINT32_MAX && !backend_find(id))
			add(id);
	}
	free(ids);
	for (p = P.devices; p; p = p->next)
		if (!store_exists(&P.store, p->dev.back))
			backend_look_soon(p);
	if (!P.devices)
		sd_event_exit(backend_loop(), 0);
}

static long long front_state(struct backend_private *p)
{
	return store_read_number(&P.store, XenbusStateUnknown, "%s/state", p->dev.front);
}

static void look_at(struct backend_private *p)
{
	struct backend_device *dev = &p->dev;
	enum xenbus_state before;
	long long stored;

	p->dirty = false;
	stored = backend_own_number(dev, "state", -1);
	/* Gone, or gone and made anew meanwhile. */
	if (stored < 0 || (stored == XenbusStateInitialising && dev->state != stored)) {
		disconnect(p, THEN_GONE);
		if (!p->leaving) {
			drop(p);
			look_for_devices();
		}
		return;
	}
	if (p->leaving)
		return;
	if (p->failed) {
		disconnect(p, THEN_CLOSED);
		return;
	}
	if (!p->probed) {
		backend_ask(p);
		return;
	}
	/* The toolstack takes a device away by writing Closing in our place. */
	if (stored == XenbusStateClosing && dev->state != XenbusStateClosed)
		dev->state = XenbusStateClosing;
	before = dev->state;
	stored = front_state(p);
	act(p, backend_action(dev->state, stored), stored);
	/* One step may make the next one due: Initialising again after Closed. */
	if (dev->state != before && !p->failed && !p->leaving)
		backend_look_soon(p);
}

static int look_around(sd_event_source *src, void *arg)
{
	struct backend_private *p, *next;

	for (p = P.devices; p; p = next) {
		next = p->next;
		if (p->dirty)
			look_at(p);
	}
	P.store.failed = 0;
	return 0;
}

/* The memory is mapped and nobody else's I/O is in flight: the kind's turn. */
static void probe(struct backend_private *p)
{
	unsigned int n = p->nfds;
	int rc;

	p->nfds = 0;
	p->resumes = backend_resumes(p->dev.state, front_state(p)) &&
		     (p->dev.state == XenbusStateConnected || !p->mark || p->mark->connected);
	if (!p->resumes)
		mark_connected(p, false);
	p->probed = true;
	p->probing = true;
	rc = P.ops->probe(&p->dev, p->fds, n);
	p->probing = false;
	if (rc || p->failed) {
		p->failed = true;
	} else if (p->dev.state == XenbusStateInitialising) {
		set_state(p, XenbusStateInitWait);
	} else if (p->resumes) {
		connect_front(p, true);
	}
	backend_look_soon(p);
}

static int try_lock(sd_event_source *src, uint64_t now, void *arg)
{
	struct backend_private *p = arg;

	if (flock(p->dev.memory_fd, LOCK_EX | LOCK_NB)) {
		p->lock_poll_us += p->lock_poll_us / 64;
		if (p->lock_poll_us > LOCK_POLL_MAX_US)
			p->lock_poll_us = LOCK_POLL_MAX_US;
		backend_after(&p->lock_timer, p->lock_poll_us, try_lock, p);
		return 0;
	}
	p->lock_timer = sd_event_source_disable_unref(p->lock_timer);
	probe(p);
	return 0;
}

static void *map(int fd, size_t size, off_t at)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);

	return p == MAP_FAILED ? NULL : p;
}

void backend_opened(uint32_t devid, const int *fds, unsigned int count)
{
	struct backend_private *p = backend_find(devid);
	unsigned int i;

	if (!p || !p->asked || p->probed || p->nfds || p->lock_timer || !count) {
		for (i = 0; i < count; i++)
			close(fds[i]);
		return;
	}
	memcpy(p->fds, fds + 1, (count - 1) * sizeof(*fds));
	p->nfds = count - 1;
	p->dev.memory_fd = fds[0];
	p->open_timer = sd_event_source_disable_unref(p->open_timer);
	if (!P.ops->memory) {
		probe(p);
		return;
	}
	p->dev.memory = map(fds[0], P.ops->memory, 0);
	p->mark = map(fds[0], BACKEND_MARK, BACKEND_MEMORY - BACKEND_MARK);
	if (!p->dev.memory || !p->mark) {
		backend_fail(&p->dev, "no restart memory: %s", strerror(errno));
	} else if (!flock(fds[0], LOCK_EX | LOCK_NB)) {
		probe(p);
	} else {
		backend_log(&p->dev, LOG_INFO, "waits for its predecessor's I/O");
		p->lock_poll_us = LOCK_POLL_US;
		backend_after(&p->lock_timer, LOCK_POLL_US, try_lock, p);
	}
}

static int ask_again(sd_event_source *src, uint64_t now, void *arg)
{
	struct backend_private *p = arg;

	p->open_timer = sd_event_source_disable_unref(p->open_timer);
	p->asked = false;
	backend_look_soon(p);
	return 0;
}

/*
 * A guest is using the device, and it did open for our predecessor: what has gone may come back,
 * while closing it would be an error of every request.
 */
static bool try_again(struct backend_private *p, const char *why)
{
	long long ours = backend_own_number(&p->dev, "state", XenbusStateUnknown);

	if (!backend_resumes(ours, front_state(p)) || p->open_tries >= OPEN_TRIES ||
		backend_after(&p->open_timer, OPEN_PAUSE_US, ask_again, p))
		return false;
	if (!p->open_tries++)
		backend_log(
			&p->dev, LOG_WARN, "%s; it is tried again for %u seconds", why, OPEN_TRIES);
	return true;
}

void backend_not_opened(uint32_t devid, const char *why)
{
	struct backend_private *p = backend_find(devid);

	/* A second answer, to a vaned that came after the first was asked. */
	if (!p || !p->asked || p->probed || p->nfds || p->dev.memory_fd >= 0)
		return;
	/* Nothing is to be said of what is no more: nobody would remove it. */
	if (!store_exists(&P.store, p->dev.back))
		backend_look_soon(p);
	else if (!p->open_timer && !try_again(p, why))
		backend_fail(&p->dev, "%s", why);
}

/* Something below a device's directory (rest: "768/state") or of its front end changed. */
static void changed(const char *path)
{
	size_t len = strlen(P.dir);
	struct backend_private *p;
	const char *rest = NULL;
	char *name;

	if (!strncmp(path, P.dir, len) && path[len] == '/')
		rest = path + len + 1;
	for (p = P.devices; p; p = p->next) {
		len = strlen(p->dev.front);
		if (!strncmp(path, p->dev.front, len) &&
			(!path[len] || !strcmp(path + len, "/state")))
			backend_look_soon(p);
		if (!rest || strtoul(rest, &name, 10) != p->dev.devid || *name != '/')
			continue;
		if (!strcmp(name, "/state") || !strcmp(name, "/online"))
			backend_look_soon(p);
		else if (P.ops->changed && p->probed && !p->failed)
			P.ops->changed(&p->dev, name + 1);
	}
}

static int store_gone(sd_event_source *src, int fd, uint32_t mask, void *arg)
{
	return sd_event_exit(backend_loop(), 1);
}

/*
 * libxenstore does not tell when its connection has ended (xs_fileno() is a pipe of its own). A
 * second connection, on which nothing is ever said, ends at the same moment, and waiting for that
 * costs nothing. The successor makes new ones.
 */
static int watch_store(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", xs_daemon_socket());
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return sd_event_add_io(backend_loop(), NULL, fd, EPOLLIN, store_gone, NULL);
	close(fd);
	return -1;
}

static int store_ready(sd_event_source *src, int fd, uint32_t mask, void *arg)
{
	bool any = false;
	char **event;

	while ((event = xs_check_watch(P.store.xs))) {
		changed(event[XS_WATCH_PATH]);
		free(event);
		any = true;
	}
	if (any)
		look_for_devices();
	return 0;
}

static void say_nothing(xentoollog_logger *logger, xentoollog_level level, int errnoval,
	const char *context, const char *format, va_list al)
{
}

static void end_nothing(xentoollog_logger *logger)
{
}

/* What a guest's reference does to libxengnttab is told by us, not as often as it comes. */
static xentoollog_logger quiet = { .vmessage = say_nothing, .destroy = end_nothing };

int backend_open(const struct backend_ops *ops, uint32_t domid, int broker, struct error *e)
{
	static const int stops[] = { SIGTERM, SIGINT };
	sigset_t set;
	size_t i;

	P.ops = ops;
	P.domid = domid;
	snprintf(P.dir, sizeof(P.dir), "/local/domain/0/backend/%s/%u", ops->kind, domid);
	sigemptyset(&set);
	for (i = 0; i < 2; i++)
		sigaddset(&set, stops[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (ops->memory > BACKEND_MEMORY - BACKEND_MARK)
		return error_set(e, ERR_FAIL, "%s: too much restart memory", ops->program);
	if (backend_loop_open() ||
		sd_event_add_defer(backend_loop(), &P.looker, look_around, NULL) < 0)
		return error_set(e, ERR_FAIL, "no event loop");
	sd_event_source_set_priority(P.looker, SD_EVENT_PRIORITY_IDLE - 1);
	sd_event_source_set_enabled(P.looker, SD_EVENT_OFF);
	for (i = 0; i < 2; i++)
		sd_event_add_signal(backend_loop(), NULL, stops[i], NULL, NULL);
	if (confine_namespaces(e) || store_open(&P.store, e) || backend_channels_open(e) ||
		backend_socket_open(broker, e))
		return -1;
	P.gnttab = xengnttab_open(&quiet, 0);
	if (!P.gnttab)
		return error_errno(e, ERR_FAIL, "/dev/xen/gntdev");
	if (!xs_watch(P.store.xs, P.dir, "back") ||
		sd_event_add_io(backend_loop(), NULL, xs_fileno(P.store.xs), EPOLLIN, store_ready,
			NULL) < 0 ||
		watch_store() < 0)
		return error_errno(e, ERR_FAIL, "cannot watch %s", P.dir);
	if (P.ops->start && P.ops->start())
		return error_set(e, ERR_FAIL, "%s cannot start", P.ops->program);
	if (backend_sandbox(P.ops, P.domid, e))
		return -1;
	look_for_devices();
	return 0;
}

int backend_turn(int timeout)
{
	int rc = backend_loop_turn(backend_channels_due() ? 0 : timeout);

	return rc < 0 ? rc : rc + backend_channels_run();
}

int backend_main(int argc, char **argv, const struct backend_ops *ops)
{
	struct error e = { 0 };
	int i, broker = -1, rc;
	uint32_t domid = 0;
	char *end = NULL;

	log_open(LOG_INFO, true);
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--broker=", 9))
			broker = atoi(argv[i] + 9);
		else if (!strcmp(argv[i], "--verbose"))
			log_open(LOG_DBG, true);
		else
			domid = strtoul(argv[i], &end, 10);
	}
	if (!end || *end || !domid || domid >= DOMID_FIRST_RESERVED) {
		fprintf(stderr, "usage: %s [--broker=FD] [--verbose] DOMID\n", ops->program);
		return 2;
	}
	if (backend_open(ops, domid, broker, &e)) {
		error_print(&e);
		return 1;
	}
	while ((rc = backend_turn(-1)) >= 0)
		;
	if (rc != -ESHUTDOWN || sd_event_get_exit_code(backend_loop(), &rc) < 0)
		return 1;
	return rc;
}
