/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unprivileged domains that dom0 builds by domctl from its own image: same text at the same addresses, zeroed data, and
 * a function to run. The report pages are in the image's bss, so both sides use the same name: the child its own copy,
 * dom0 the child's through a foreign mapping.
 */
#ifndef PVT_CHILD_H
#define PVT_CHILD_H

#include "base.h"

struct test;

#define REPORT_MAGIC 0x7076742d6368696cul
#define REPORT_PAGES 4

struct report {
	u64 magic;
	void (*body)(void);
	const struct test *test;
	volatile u64 state; /* 0 not begun, 1 running, 2 body returned, 3 failed */
	volatile u64 word[16]; /* whatever parent and child agree on */
	u64 size;
	char text[REPORT_PAGES * 4096 - 8 * 21];
};

/* Set in a child only. */
extern struct report *child_report;
extern struct report report_pages;

void child_detect(void);
void child_main(void);
void child_report_text(const char *text, size_t size);
void child_report_failed(void);
bool child_run_test(const struct test *test);

#endif
