/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the tools: warnings and notes to standard error, debug lines with -v, and progress
 * lines that are shown only on a terminal. Daemons send the same to the journal, which reads their
 * standard error ("<4>" prefixes).
 */
#ifndef TOOLS_LIB_LOG_H
#define TOOLS_LIB_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DBG = 7 };

/* threshold: highest level shown. daemon: prefix lines for the journal when standard error is one.
 */
void log_open(enum log_level threshold, bool daemon);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One line that replaces the previous progress line; shown on a terminal, where LOG_INFO is. */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Wipe the progress line. */
void progress_end(void);

#endif
