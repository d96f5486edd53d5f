/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends' supervision: see backends.h. What runs is known from the sockets in /run/xen/backend,
 * what should run from xenstore; nothing else is remembered. A process that ends is started again
 * at once; one that ends within its first second waits longer each time. Opening is done by a
 * child: a disk that does not answer holds up nobody else.
 */
#include "tools/vaned/backends.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/backend_source.h"
#include "tools/lib/disk.h"
#include "tools/lib/log.h"
#include "tools/lib/nic.h"
#include "tools/lib/text.h"

#define DELAY_FIRST_MS 100
#define DELAY_LAST_MS  5000
#define OPEN_TRIES     6
#define OPEN_PAUSE_MS  100 /* after the first; each is twice the one before */
#define BROKER_FD      3

static const struct backend_kind kinds[] = {
	{ "blkback", "uvbd", BACKEND_MEMORY_UVBD, disk_open },
	{ "netback", "uvif", BACKEND_MEMORY_UVIF, nic_open },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A process, or one that waits to be started again. */
struct backend {
	struct backend *next;
	const struct backend_kind *kind;
	uint32_t domid;
	pid_t pid; /* 0: none runs */
	long started_ms, delay_ms;
	sd_event_source *end, *broker, *timer;
	/* What it asked for last, how often that was tried, and until it is tried again. */
	uint32_t devid;
	unsigned int tries;
	sd_event_source *reopen;
};

static sd_event *loop;
static struct store S;
static sd_event_source *watch;
static struct backend *all;

static void run(struct backend *b);

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Has the domain devices of the kind? While xenstored is away: as far as we know. */
static bool wanted(const struct backend_kind *kind, uint32_t domid)
{
	unsigned int n;
	char **ids;

	errno = 0;
	ids = store_list(&S, &n, "/local/domain/0/backend/%s/%u", kind->kind, domid);
	if (!ids && errno != ENOENT)
		return true;
	free(ids);
	return n;
}

/* Sockets, locks and memories of a domain that has no devices any more. */
static void remove_files(const struct backend *b)
{
	char *mine[] = { xprintf("%s-%u.", b->kind->program, b->domid),
		xprintf("%s-%u-", b->kind->kind, b->domid) };
	DIR *d = opendir(BACKEND_DIR);
	struct dirent *f;

	while (d && (f = readdir(d)))
		if (!strncmp(f->d_name, mine[0], strlen(mine[0])) ||
			!strncmp(f->d_name, mine[1], strlen(mine[1])))
			unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
	free(mine[0]);
	free(mine[1]);
}

static void drop(struct backend *b)
{
	struct backend **link;

	for (link = &all; *link != b; link = &(*link)->next)
		;
	*link = b->next;
	sd_event_source_disable_unref(b->end);
	sd_event_source_disable_unref(b->broker);
	sd_event_source_disable_unref(b->timer);
	sd_event_source_disable_unref(b->reopen);
	free(b);
}

static int timer(sd_event_source *src, uint64_t now, void *arg)
{
	struct backend *b = arg;

	b->timer = sd_event_source_disable_unref(src);
	run(b);
	return 0;
}

/* Start it later, each time later than the last. Without a timer the tick does it (look_for()). */
static void again(struct backend *b)
{
	if (!b->delay_ms)
		b->delay_ms = DELAY_FIRST_MS;
	sd_event_add_time_relative(
		loop, &b->timer, CLOCK_MONOTONIC, b->delay_ms * 1000, 1000, timer, b);
	b->delay_ms = b->delay_ms * 2 < DELAY_LAST_MS ? b->delay_ms * 2 : DELAY_LAST_MS;
}

/* The process has ended: again, if there is something for it to do. */
static int ended(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	struct backend *b = arg;
	siginfo_t info = { 0 };

	/* Not our child if an earlier vaned started it. */
	if (!waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG) && info.si_code != CLD_EXITED)
		log_line(LOG_WARN, "warning: %s of domain %u was killed by signal %d",
			b->kind->program, b->domid, info.si_status);
	b->pid = 0;
	b->end = sd_event_source_disable_unref(src);
	b->broker = sd_event_source_disable_unref(b->broker);
	b->reopen = sd_event_source_disable_unref(b->reopen);
	if (!S.xs || wanted(b->kind, b->domid)) {
		if (now_ms() - b->started_ms >= 1000)
			b->delay_ms = 0;
		if (!b->delay_ms) {
			b->delay_ms = DELAY_FIRST_MS;
			run(b);
			return 0;
		}
		again(b);
		return 0;
	}
	remove_files(b);
	drop(b);
	return 0;
}

static int send_fds(int to, const char *line, const int *fds, int n, int flags)
{
	union {
		char space[CMSG_SPACE(BACKEND_SOURCE_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)line, .iov_len = strlen(line) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, n * sizeof(int));
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL | flags) < 0 ? -1 : 0;
}

/* What is used of it is there from now on: a page that cannot be had is SIGBUS to who writes it. */
static int open_memory(const struct backend_kind *kind, uint32_t domid, uint32_t devid)
{
	char *path = xprintf(BACKEND_DIR "/%s-%u-%u", kind->kind, domid, devid);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd >= 0 ? posix_fallocate(fd, 0, kind->memory) : 0;

	if (fd >= 0 && !rc)
		rc = posix_fallocate(fd, BACKEND_MEMORY - BACKEND_MARK, BACKEND_MARK);
	if (rc) {
		close(fd);
		fd = -1;
		errno = rc;
	}
	free(path);
	return fd;
}

/* In a child: open and answer. */
static void open_device(const struct backend_kind *kind, uint32_t domid, uint32_t devid, int to)
{
	char *back = xprintf("/local/domain/0/backend/%s/%u/%u", kind->kind, domid, devid);
	int fds[BACKEND_SOURCE_FDS], n = -1;
	struct error e = { 0 };
	char line[1200];

	fds[0] = open_memory(kind, domid, devid);
	if (fds[0] < 0)
		error_errno(&e, ERR_FAIL, "no restart memory in " BACKEND_DIR);
	else if (!store_open(&S, &e) && !store_exists(&S, back))
		error_set(&e, ERR_NOTFOUND, "no such device");
	else if (S.xs)
		n = kind->open(&S, back, domid, devid, fds + 1, BACKEND_SOURCE_FDS - 1, &e);
	if (n >= 0)
		snprintf(line, sizeof(line), "fds %u %d", devid, n + 1);
	else
		snprintf(line, sizeof(line), "no %u %s", devid, e.what);
	if (!send_fds(to, line, fds, n >= 0 ? n + 1 : 0, 0))
		_exit(0);
	fprintf(stderr, "vaned: %s: %s\n", line, strerror(errno));
	_exit(1);
}

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Whose opener: the process it is for may be gone before it ends. */
struct opener {
	const struct backend_kind *kind;
	uint32_t domid;
	pid_t pid; /* of that process */
};

static struct backend *find(const struct backend_kind *kind, uint32_t domid)
{
	struct backend *b;

	for (b = all; b && (b->kind != kind || b->domid != domid); b = b->next)
		;
	return b;
}

static void open_for(struct backend *b);

static int reopen(sd_event_source *src, uint64_t now, void *arg)
{
	struct backend *b = arg;

	b->reopen = sd_event_source_disable_unref(src);
	open_for(b);
	return 0;
}

/* It has not answered. The process waits for an answer and would not ask again. */
static void opener_failed(struct backend *b)
{
	char line[64];

	if (b->tries < OPEN_TRIES &&
		sd_event_add_time_relative(loop, &b->reopen, CLOCK_MONOTONIC,
			(OPEN_PAUSE_MS * 1000UL) << (b->tries - 1), 1000, reopen, b) >= 0)
		return;
	log_line(
		LOG_WARN, "warning: no process to open device %u of domain %u", b->devid, b->domid);
	snprintf(line, sizeof(line), "no %u vaned's process that opens it was lost", b->devid);
	if (send_fds(sd_event_source_get_io_fd(b->broker), line, NULL, 0, MSG_DONTWAIT))
		log_line(LOG_WARN, "warning: %s of domain %u is not told", b->kind->program,
			b->domid);
	sd_event_source_set_enabled(b->broker, SD_EVENT_ON);
}

static int opener_ended(sd_event_source *src, const siginfo_t *info, void *arg)
{
	struct opener *o = arg;
	struct backend *b = find(o->kind, o->domid);

	if (b && b->broker && b->pid == o->pid) {
		if (info->si_code == CLD_EXITED && !info->si_status)
			sd_event_source_set_enabled(b->broker, SD_EVENT_ON);
		else
			opener_failed(b);
	}
	free(o);
	sd_event_source_unref(src);
	return 0;
}

/* One at a time for each process, however much it asks for. */
static int opener_started(struct backend *b, pid_t pid)
{
	struct opener *o = xalloc(sizeof(*o));
	sd_event_source *src;

	*o = (struct opener){ b->kind, b->domid, b->pid };
	if (sd_event_add_child(loop, &src, pid, WEXITED, opener_ended, o) < 0) {
		free(o);
		return -1;
	}
	return 0;
}

/* The broker's socket is not read before the answer is there, or there is none to come. */
static void open_for(struct backend *b)
{
	int fd = sd_event_source_get_io_fd(b->broker);
	pid_t pid = fork();

	if (!pid) {
		unblock_signals();
		dup2(fd, BROKER_FD);
		close_range(BROKER_FD + 1, ~0U, 0);
		open_device(b->kind, b->domid, b->devid, BROKER_FD);
	}
	b->tries++;
	sd_event_source_set_enabled(b->broker, SD_EVENT_OFF);
	if (pid > 0 && !opener_started(b, pid))
		return;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	opener_failed(b);
}

static int asked(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	struct backend *b = arg;
	unsigned int devid;
	char line[64], end;
	ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);

	if (n <= 0) {
		if (!n || (errno != EAGAIN && errno != EINTR))
			b->broker = sd_event_source_disable_unref(src);
		return 0;
	}
	line[n] = 0;
	if (sscanf(line, "open %u%c", &devid, &end) != 1)
		return 0;
	b->devid = devid;
	b->tries = 0;
	open_for(b);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* A running process: know its end, and answer it. The descriptor is taken over. */
static int adopt(struct backend *b, pid_t pid, int broker)
{
	int pidfd = pidfd_open(pid, 0);

	b->pid = pid;
	b->started_ms = now_ms();
	if (pidfd < 0 || sd_event_add_io(loop, &b->end, pidfd, EPOLLIN, ended, b) < 0) {
		close_fd(pidfd);
		goto fail;
	}
	sd_event_source_set_io_fd_own(b->end, true);
	if (sd_event_add_io(loop, &b->broker, broker, EPOLLIN, asked, b) < 0)
		goto fail;
	sd_event_source_set_io_fd_own(b->broker, true);
	return 0;
fail:
	b->end = sd_event_source_disable_unref(b->end);
	b->pid = 0;
	close(broker);
	return -1;
}

/* 0, or -1: there is no process. */
static int start(struct backend *b)
{
	char *domid = xprintf("%u", b->domid), *path = file_beside(b->kind->program), fd_arg[32];
	int pair[2], rc = -1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		log_line(LOG_ERROR, "vaned: socketpair: %s", strerror(errno));
		goto out;
	}
	snprintf(fd_arg, sizeof(fd_arg), "--broker=%d", BROKER_FD);
	pid = fork();
	if (!pid) {
		unblock_signals();
		setsid();
		if (pair[1] == BROKER_FD)
			fcntl(BROKER_FD, F_SETFD, 0);
		else
			dup2(pair[1], BROKER_FD);
		close_range(BROKER_FD + 1, ~0U, 0);
		execl(path, b->kind->program, fd_arg, domid, NULL);
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		_exit(127);
	}
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		rc = adopt(b, pid, pair[0]);
	if (rc)
		log_line(LOG_ERROR, "vaned: no process for %s of domain %u: %s", b->kind->program,
			b->domid, strerror(errno));
	/* One that nobody would look after. */
	if (rc && pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
out:
	free(path);
	free(domid);
	return rc;
}

/* One that a vaned before us started: a connection to it, and its process; -1: there is none. */
static int found(struct backend *b, pid_t *pid)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(struct ucred);
	struct ucred who;

	backend_socket_path(b->kind->program, b->domid, a.sun_path, sizeof(a.sun_path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) ||
		send(fd, "broker", 6, MSG_NOSIGNAL) != 6) {
		close_fd(fd);
		return -1;
	}
	log_line(LOG_INFO, "%s of domain %u runs already", b->kind->program, b->domid);
	*pid = who.pid;
	return fd;
}

static void run(struct backend *b)
{
	pid_t pid = 0;
	int fd = found(b, &pid);

	if (fd >= 0 ? adopt(b, pid, fd) : start(b))
		again(b);
}

static void look_for(const struct backend_kind *kind, uint32_t domid)
{
	struct backend *b = find(kind, domid);

	if (b && !b->end && !b->timer)
		run(b);
	if (b || !wanted(kind, domid))
		return;
	b = xalloc(sizeof(*b));
	*b = (struct backend){ .next = all, .kind = kind, .domid = domid };
	all = b;
	run(b);
}

static void look(void)
{
	unsigned int n, i;
	unsigned long id;
	char **ids;
	size_t k;

	for (k = 0; k < KINDS; k++) {
		ids = store_list(&S, &n, "/local/domain/0/backend/%s", kinds[k].kind);
		for (i = 0; i < n; i++) {
			id = strtoul(ids[i], NULL, 10);
			if (id)
				look_for(&kinds[k], id);
		}
		free(ids);
	}
}

static int changed(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	bool any = false;
	char **event;

	while ((event = xs_check_watch(S.xs))) {
		free(event);
		any = true;
	}
	if (any)
		look();
	else
		/* Perhaps the connection is gone: the tick finds out. */
		sd_event_source_set_enabled(src, SD_EVENT_OFF);
	return 0;
}

static int connect_store(struct error *e)
{
	char *path;
	size_t k;

	if (store_open(&S, e))
		return -1;
	for (k = 0; k < KINDS; k++) {
		path = xprintf("/local/domain/0/backend/%s", kinds[k].kind);
		if (!xs_watch(S.xs, path, "look"))
			error_errno(e, ERR_FAIL, "cannot watch %s", path);
		free(path);
	}
	if (e->kind)
		return -1;
	if (sd_event_add_io(loop, &watch, xs_fileno(S.xs), EPOLLIN, changed, NULL) < 0)
		return error_set(e, ERR_FAIL, "no event source");
	return 0;
}

int backends_start(sd_event *l, struct error *e)
{
	loop = l;
	mkdir("/run/xen", 0755);
	mkdir(BACKEND_DIR, 0700);
	if (connect_store(e))
		return -1;
	look();
	return 0;
}

void backends_tick(void)
{
	struct error e = { 0 };
	char *root;
	bool alive;

	errno = 0;
	root = S.xs ? store_read(&S, "/local") : NULL;
	alive = root || (S.xs && errno == ENOENT);
	free(root);
	if (!alive) {
		watch = sd_event_source_disable_unref(watch);
		store_close(&S);
		if (connect_store(&e))
			return;
	}
	sd_event_source_set_enabled(watch, SD_EVENT_ON);
	look();
}
