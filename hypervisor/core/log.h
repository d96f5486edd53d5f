/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages by level. log_guest is for what a guest can cause: rate limited per domain (A20),
 * prefixed with the domain. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "lib/base.h"

struct domain;

enum log_level { LOG_NONE, LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_print(enum log_level level, const char *fmt, ...) printf_like(2, 3);
void log_guest(struct domain *d, enum log_level level, const char *fmt, ...) printf_like(3, 4);
void log_raw(const char *fmt, ...) printf_like(1, 2); /* no prefix, always printed: crash dumps */
extern const char
	*boot_step; /* main.c: the step of boot that runs, NULL afterwards; a panic names it */
#define log_err(...)   log_print(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
