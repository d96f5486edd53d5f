/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane console: the terminal on a guest's pty, which vane-consoled (or xenconsoled) gives in
 * console/tty. Ctrl-] leaves.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tools/vane/vane.h"

#define ESCAPE 0x1d /* Ctrl-] */
#define TTY_MS 10000

struct tty_wait {
	uint32_t domid;
	char *path;
};

static bool has_tty(struct store *s, void *arg)
{
	struct tty_wait *w = arg;

	free(w->path);
	w->path = store_read(s, "/local/domain/%u/console/tty", w->domid);
	return w->path && *w->path;
}

static int open_tty(struct vane *v, uint32_t domid, struct error *e)
{
	struct tty_wait w = { .domid = domid };
	char dir[64];
	int fd;

	snprintf(dir, sizeof(dir), "/local/domain/%u/console", domid);
	if (store_wait(&v->s, dir, TTY_MS, has_tty, &w)) {
		free(w.path);
		error_set(e, ERR_DAEMON, "no console daemon serves domain %u", domid);
		error_advice(e, "systemctl start xenconsoled");
		return -1;
	}
	fd = open(w.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		error_errno(e, ERR_FAIL, "console %s of domain %u", w.path, domid);
	free(w.path);
	return fd;
}

static int write_all(int fd, const char *p, size_t n)
{
	ssize_t done;

	while (n) {
		done = write(fd, p, n);
		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			p += done;
			n -= done;
		}
	}
	return 0;
}

enum turn { TURN_ON, TURN_END, TURN_ESCAPE };

/* One direction's turn. */
static enum turn pass(int from, int to, bool keyboard)
{
	char buf[4096], *stop = NULL;
	ssize_t n = read(from, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR ? TURN_ON : TURN_END;
	if (keyboard)
		stop = memchr(buf, ESCAPE, n);
	if (stop)
		n = stop - buf;
	if (write_all(to, buf, n))
		return TURN_END;
	return stop ? TURN_ESCAPE : TURN_ON;
}

static void shuttle(int tty)
{
	struct pollfd p[2] = { { .fd = tty, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN } };
	enum turn out = TURN_ON, in;
	int sources = 2;

	while (out == TURN_ON) {
		if (poll(p, sources, -1) < 0 && errno != EINTR)
			break;
		if (p[0].revents)
			out = pass(tty, STDOUT_FILENO, false);
		if (sources < 2 || !p[1].revents)
			continue;
		in = pass(STDIN_FILENO, tty, true);
		if (in == TURN_ESCAPE || (in == TURN_END && isatty(STDIN_FILENO)))
			break;
		/* Without a terminal (standard input at its end) the console is only shown. */
		if (in == TURN_END)
			sources = 1;
	}
}

int console_attach(struct vane *v, uint32_t domid, bool start)
{
	struct termios saved, raw;
	struct error e = { 0 };
	bool is_tty = !tcgetattr(STDIN_FILENO, &saved);
	int tty = open_tty(v, domid, &e);

	if (tty < 0) {
		/* The guest runs all the same. */
		if (start && !domain_unpause(&v->x, domid))
			error_state(&e, "domain %u was started", domid);
		return vane_fail(v, &e);
	}
	if (!tcgetattr(tty, &raw)) {
		cfmakeraw(&raw);
		tcsetattr(tty, TCSANOW, &raw);
	}
	if (start && domain_unpause(&v->x, domid)) {
		close(tty);
		error_errno(&e, ERR_FAIL, "cannot unpause domain %u", domid);
		return vane_fail(v, &e);
	}
	if (is_tty) {
		raw = saved;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	}
	shuttle(tty);
	if (is_tty)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	close(tty);
	return 0;
}

int cmd_console(struct vane *v, int argc, char **argv)
{
	uint32_t domid;
	int opt, rc;

	while ((opt = getopt(argc, argv, "t:n:e:h")) != -1) {
		if (opt == 't' && strcmp(optarg, "pv")) {
			fprintf(stderr, "console type supported is: pv\n");
			return 2;
		}
		if (opt == '?' || opt == 'h')
			return vane_usage(v, "console");
	}
	if (optind >= argc)
		return vane_usage(v, "console");
	rc = vane_domain(v, argv[optind], &domid);
	return rc ? rc : console_attach(v, domid, false);
}
