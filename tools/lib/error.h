/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An error as the user will read it: what failed and why, what state things are in now, what to do,
 * a stable code. Functions of tools/ that can fail take a struct error and return -1 (or NULL)
 * after filling it; the first cause stays, later callers may only add the state and the advice.
 * Kinds and exit statuses: error.def.
 */
#ifndef TOOLS_LIB_ERROR_H
#define TOOLS_LIB_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum error_kind {
	ERR_NONE,
#define ERR(name, code, vane, xl, text) ERR_##name,
#include "tools/lib/error.def"
#undef ERR
};

struct error {
	enum error_kind kind;
	char what[1024];  /* "cannot start "web1": not enough memory", may hold several lines */
	char state[256];  /* "nothing was created" */
	char advice[512]; /* "try: memory = 2048" */
};

/* Record a failure and return -1. The first one recorded stays. */
int error_set(struct error *e, enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As error_set(), with ": " and the text of errno appended. */
int error_errno(struct error *e, enum error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Put "outer: " before what is recorded. Returns -1. */
int error_in(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_state(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_advice(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct error *e);

/* The whole text, ending in a newline, into buf. */
void error_format(const struct error *e, char *buf, size_t size);
/* The text to standard error. */
void error_print(const struct error *e);
/* The stable number and word of its kind, as the text shows them. */
int error_code(const struct error *e);
const char *error_name(const struct error *e);
int error_exit_status(const struct error *e, bool as_xl);

#endif
