/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for the people who run the host: to standard error (systemd's journal), one line each.
 */
#ifndef XENSTORE_REPORT_H
#define XENSTORE_REPORT_H

#include <stdbool.h>

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Only while `xenstore-control log on` holds. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
void trace_set(bool on);
bool trace_on(void);
/* Before serving only: nothing can be served, say why and exit with 1. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
