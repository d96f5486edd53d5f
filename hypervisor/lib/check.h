/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose fault decides: BUG_ON is for our own broken invariants (backtrace, last trace records, halt
 * or reboot), panic for a machine that cannot be used (names the boot step). Nothing that a guest
 * can influence reaches either.
 */
#ifndef LIB_CHECK_H
#define LIB_CHECK_H

#include "lib/base.h"

noreturn void bug_at(const char *what, const char *file, unsigned line);
noreturn void panic_at(const char *file, unsigned line, const char *fmt, ...) printf_like(3, 4);

#define BUG_ON(cond)                                       \
	do {                                               \
		if (unlikely(cond))                        \
			bug_at(#cond, __FILE__, __LINE__); \
	} while (0)
#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)

#endif
