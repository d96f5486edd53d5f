/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vaned: looks after guests. It keeps no state of its own: what runs is asked of the hypervisor,
 * what a guest's end means is in its record on disk, so it may be killed and started at any moment.
 * Each guest's end is carried out by a child process of its own; a long one holds up nobody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tools/lib/daemon.h"
#include "tools/lib/guest.h"
#include "tools/lib/log.h"
#include "tools/lib/paths.h"
#include "tools/lib/record.h"
#include "tools/lib/storewatch.h"
#include "tools/vaned/backends.h"
#include "tools/vaned/dom0.h"
#include "tools/vaned/lifecycle.h"

#define LOCK_PATH "/run/xen/vaned.lock"

/* A child at work on a domain, or a domain (this life of it) that needs nothing more. */
struct task {
	struct task *next;
	uint32_t domid;
	uint8_t uuid[16];
	pid_t pid; /* 0: no child */
	sd_event_source *source;
};

static struct xen X;
static struct store S;
static sd_event *loop;
static struct storewatch watch = { .s = &S };
static struct task *tasks;
static uint64_t leftovers[DOMID_FIRST_RESERVED / 64 +
			  1]; /* ids that had xenstore nodes and no domain last time */

static struct task *find_task(uint32_t domid)
{
	struct task *t;

	for (t = tasks; t && t->domid != domid; t = t->next)
		;
	return t;
}

static void drop_task(struct task *t)
{
	struct task **link;

	for (link = &tasks; *link != t; link = &(*link)->next)
		;
	*link = t->next;
	sd_event_source_unref(t->source);
	free(t);
}

static struct task *add_task(uint32_t domid, const uint8_t *uuid)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->domid = domid;
	if (uuid)
		memcpy(t->uuid, uuid, sizeof(t->uuid));
	t->next = tasks;
	tasks = t;
	return t;
}

static int look_soon(sd_event_source *src, void *arg);

static int child_ended(sd_event_source *src, const siginfo_t *info, void *arg)
{
	struct task *t = arg;

	if (info->si_code != CLD_EXITED || info->si_status)
		log_line(LOG_WARN, "warning: taking care of domain %u failed; it is left as it is",
			t->domid);
	else
		memset(t->uuid, 0, sizeof(t->uuid));
	t->pid = 0;
	t->source = sd_event_source_unref(t->source);
	/* A failed one stays in the list: it is not tried again in this life of the domain. */
	if (info->si_code == CLD_EXITED && !info->si_status)
		drop_task(t);
	sd_event_add_defer(loop, NULL, look_soon, NULL);
	return 0;
}

/* In the child: connections of its own, then the work. d: its domain, or NULL for what is left of
 * domid. */
static void child(const domain_info *d, uint32_t domid)
{
	struct error e = { 0 };
	sigset_t none;
	uint32_t next;
	int rc;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Nothing of the parent's: above all not its lock, which must go when it goes. */
	close_range(3, ~0U, 0);
	if (xen_open(&X, &e) || store_open(&S, &e)) {
		error_print(&e);
		_exit(1);
	}
	if (d)
		rc = lifecycle_end(&X, &S, d, &next, &e);
	else
		rc = guest_destroy(&X, &S, domid, &e);
	if (rc)
		error_print(&e);
	_exit(rc ? 1 : 0);
}

static void start_task(const domain_info *d, uint32_t domid)
{
	struct task *t = add_task(domid, d ? d->handle : NULL);
	pid_t pid;

	if (!t)
		return;
	pid = fork();
	if (!pid)
		child(d, domid);
	t->pid = pid > 0 ? pid : 0;
	if (pid < 0 || sd_event_add_child(loop, &t->source, pid, WEXITED, child_ended, t) < 0) {
		log_line(LOG_WARN, "warning: no process for domain %u", domid);
		drop_task(t);
	}
}

static void look_at(const domain_info *d)
{
	struct task *t = find_task(d->domain);
	struct config c;
	enum action a;

	if (t && t->pid)
		return;
	if (t && memcmp(t->uuid, d->handle, sizeof(t->uuid))) {
		drop_task(t);
		t = NULL;
	}
	if (t || !domain_is_shutdown(d) || domain_is_dying(d) ||
		record_read(d->domain, d->handle, &c))
		return;
	if (!lifecycle_action(&c, domain_shutdown_reason(d), &a))
		log_line(LOG_DBG, "domain %u waits for its tools", d->domain);
	else if (a == ACTION_PRESERVE)
		add_task(d->domain, d->handle);
	else
		start_task(d, d->domain);
	config_free(&c);
}

static bool exists(const domain_info *all, int n, uint32_t domid)
{
	int i;

	for (i = 0; i < n; i++)
		if (all[i].domain == domid)
			return true;
	return false;
}

/*
 * xenstore nodes of a domain that is no more: its tool was killed half-way. Seen twice in a row by
 * the timer (not sooner: someone may be at work on it) they are removed, with devices and records.
 */
static void look_for_leftovers(const domain_info *all, int n)
{
	unsigned int count, i;
	char **ids = store_list(&S, &count, "/libxl");
	uint64_t seen[sizeof(leftovers) / sizeof(leftovers[0])] = { 0 };
	unsigned long id;

	for (i = 0; i < count; i++) {
		id = strtoul(ids[i], NULL, 10);
		if (!id || id >= DOMID_FIRST_RESERVED || exists(all, n, id) || find_task(id))
			continue;
		if (leftovers[id / 64] >> (id % 64) & 1) {
			log_line(LOG_INFO, "domain %lu is gone: removing what is left of it", id);
			start_task(NULL, id);
		} else {
			seen[id / 64] |= 1ULL << (id % 64);
		}
	}
	memcpy(leftovers, seen, sizeof(seen));
	free(ids);
}

static void look_around(bool timer)
{
	domain_info *all;
	int n = domain_list_all(&X, &all), i;
	struct task *t, *next;

	if (n < 0)
		return;
	if (!S.xs) {
		free(all);
		return;
	}
	for (i = 0; i < n; i++)
		if (all[i].domain)
			look_at(&all[i]);
	for (t = tasks; t; t = next) {
		next = t->next;
		if (!t->pid && !exists(all, n, t->domid))
			drop_task(t);
	}
	if (timer) {
		dom0_announce(&S);
		look_for_leftovers(all, n);
		backends_tick();
	}
	free(all);
}

static int look_soon(sd_event_source *src, void *arg)
{
	sd_event_source_disable_unref(src);
	look_around(false);
	return 0;
}

/* One request a connection, small enough to come in one piece; anything else is closed. */
static int client_ready(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	char line[64];
	ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);
	unsigned int domid;
	domain_info d;
	char end;

	if (n > 0) {
		line[n] = 0;
		if (sscanf(line, "watch %u%c", &domid, &end) == 2 && end == '\n' &&
			!domain_get(&X, domid, &d)) {
			look_at(&d);
			n = send(fd, "ok\n", 3, MSG_NOSIGNAL | MSG_DONTWAIT);
		} else {
			n = send(fd, "no\n", 3, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
	}
	sd_event_source_disable_unref(src);
	return 0;
}

static int connection(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	sd_event_source *s;

	if (client < 0)
		return 0;
	if (sd_event_add_io(loop, &s, client, EPOLLIN, client_ready, NULL) < 0)
		close(client);
	else
		sd_event_source_set_io_fd_own(s, true);
	return 0;
}

static int open_socket(struct error *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, lock;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path_vaned);
	mkdir("/run/xen", 0755);
	lock = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
		return error_set(e, ERR_BUSY, "vaned is running already");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path_vaned);
	umask(0077);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 16) ||
		sd_event_add_io(loop, NULL, fd, EPOLLIN, connection, NULL) < 0)
		return error_errno(e, ERR_FAIL, "%s", path_vaned);
	return 0;
}

static int open_all(struct error *e)
{
	static const int stops[] = { SIGTERM, SIGINT };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_default(&loop) < 0)
		return error_set(e, ERR_FAIL, "no event loop");
	for (i = 0; i < 2; i++)
		sd_event_add_signal(loop, NULL, stops[i], NULL, NULL);
	watch.loop = loop;
	watch.look = look_around;
	return open_socket(e) || xen_open(&X, e) || storewatch_start(&watch, e) ||
			       backends_start(loop, e)
		       ? -1
		       : 0;
}

int main(int argc, char **argv)
{
	bool foreground = false;
	struct error e = { 0 };
	int i, rc;

	log_open(LOG_INFO, true);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-F") || !strcmp(argv[i], "--foreground")) {
			foreground = true;
		} else if (!strcmp(argv[i], "--verbose")) {
			log_open(LOG_DBG, true);
		} else {
			fprintf(stderr, "usage: vaned [-F] [--verbose]\n");
			return 2;
		}
	}
	daemon_start(foreground);
	if (open_all(&e)) {
		error_print(&e);
		return 1;
	}
	dom0_announce(&S);
	look_around(false);
	daemon_ready();
	rc = sd_event_loop(loop);
	unlink(path_vaned);
	return rc < 0 ? 1 : rc;
}
