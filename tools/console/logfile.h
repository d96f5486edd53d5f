/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log file with a cap: when it would grow over `cap` bytes it becomes NAME.1 (an older NAME.1
 * goes), so that one log never takes more than twice the cap. A failing disk loses log lines, never
 * the console.
 */
#ifndef TOOLS_CONSOLE_LOGFILE_H
#define TOOLS_CONSOLE_LOGFILE_H

#include <stddef.h>

struct logfile {
	char *path;
	int fd; /* -1: cannot be written now */
	size_t size, cap;
};

/* dir/stem.log; characters of the stem that do not belong into a file name become '_'. */
void logfile_open(struct logfile *l, const char *dir, const char *stem, size_t cap);
void logfile_write(struct logfile *l, const char *data, size_t n);
void logfile_close(struct logfile *l);

#endif
