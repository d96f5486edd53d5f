/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hotplug scripts: see hotplug.h. The script runs in a process group of its own, so that all of it
 * can be stopped.
 */
#include "tools/lib/hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/paths.h"
#include "tools/lib/text.h"

#define LINES_KEPT 20
#define BYTES_KEPT 600

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

char *hotplug_path(const char *script)
{
	return *script == '/' ? xstrdup(script) : xprintf("%s/%s", path_scripts, script);
}

static void child(int out, char *const argv[], char *const env[])
{
	static char *const base[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL
	};
	char *all[32];
	const char *path = getenv("PATH");
	size_t n = 0, i;
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	close_range(3, ~0U, 0);
	if (path)
		all[n++] = xprintf("PATH=%s:/usr/sbin:/usr/bin:/sbin:/bin", path);
	for (i = path ? 1 : 0; base[i]; i++)
		all[n++] = base[i];
	for (i = 0; env[i] && n < 31; i++)
		all[n++] = env[i];
	all[n] = NULL;
	execve(argv[0], argv, all);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Read until the script's output ends or time is up; 0, or -1 for time. */
static int listen_to(int fd, double end, struct text *said)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[512];
	ssize_t n;

	for (;;) {
		double left = end - now();

		if (left <= 0)
			return -1;
		if (poll(&p, 1, left * 1000 + 1) <= 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return 0;
		text_add_bytes(said, buf, n);
		if (said->len > 65536) {
			memmove(said->s, said->s + said->len - 4096, 4097);
			said->len = 4096;
		}
	}
}

/* The last lines of what was said, each behind "script said: ". */
static void last_lines(const struct text *said, char *out, size_t size)
{
	const char *p = said->s ? said->s : "", *end = p + said->len, *start = end;
	int lines = 0;
	size_t n = 0, len;

	while (end > p && end[-1] == '\n')
		end--;
	for (start = end; start > p && end - start < BYTES_KEPT; start--)
		if (start[-1] == '\n' && ++lines == LINES_KEPT)
			break;
	out[0] = 0;
	while (start < end && n < size) {
		len = strcspn(start, "\n");
		if (start + len > end)
			len = end - start;
		n += snprintf(out + n, size - n, "\n  script said: %.*s", (int)len, start);
		start += len + 1;
	}
}

int hotplug_run(const char *label, char *const argv[], char *const env[], struct error *e)
{
	double begin = now();
	struct text said = { 0 };
	int fds[2], status = 0, late;
	char tail[800];
	pid_t pid;

	if (access(argv[0], X_OK))
		return error_errno(e, ERR_HOTPLUG, "hotplug script %s", argv[0]);
	if (pipe2(fds, O_CLOEXEC))
		return error_errno(e, ERR_FAIL, "pipe");
	pid = fork();
	if (!pid)
		child(fds[1], argv, env);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_errno(e, ERR_FAIL, "cannot start %s", argv[0]);
	}
	late = listen_to(fds[0], begin + HOTPLUG_SECONDS, &said);
	close(fds[0]);
	if (late)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	last_lines(&said, tail, sizeof(tail));
	text_free(&said);
	if (late)
		return error_set(e, ERR_TIMEOUT, "hotplug script %s did not end within %d s%s",
			label, HOTPLUG_SECONDS, tail);
	if (status)
		return error_set(e, ERR_HOTPLUG,
			"hotplug script %s failed (exit %d after %.1f s)%s", label,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
			now() - begin, tail);
	return 0;
}
