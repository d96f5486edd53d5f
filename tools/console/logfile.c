/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capped log files: see logfile.h.
 */
#include "tools/console/logfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lib/log.h"
#include "tools/lib/text.h"

static void reopen(struct logfile *l)
{
	struct stat st;

	l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	l->size = l->fd >= 0 && !fstat(l->fd, &st) ? st.st_size : 0;
	if (l->fd < 0)
		log_line(LOG_WARN, "warning: cannot write %s", l->path);
}

void logfile_open(struct logfile *l, const char *dir, const char *stem, size_t cap)
{
	char *p, *name = xstrdup(stem);

	for (p = name; *p; p++)
		if (*p == '/' || (unsigned char)*p <= ' ' || *p == 127)
			*p = '_';
	memset(l, 0, sizeof(*l));
	l->path = xprintf("%s/%s.log", dir, name);
	l->cap = cap;
	free(name);
	reopen(l);
}

static void rotate(struct logfile *l)
{
	char *old = xprintf("%s.1", l->path);

	close(l->fd);
	rename(l->path, old);
	free(old);
	reopen(l);
}

void logfile_write(struct logfile *l, const char *data, size_t n)
{
	ssize_t done;

	if (l->fd >= 0 && l->size && l->size + n > l->cap)
		rotate(l);
	if (l->fd < 0)
		return;
	done = write(l->fd, data, n);
	if (done > 0)
		l->size += done;
}

void logfile_close(struct logfile *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	memset(l, 0, sizeof(*l));
	l->fd = -1;
}
