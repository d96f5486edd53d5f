/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unprivileged domains that dom0 builds by domctl from its own image: same text at the same
 * addresses, zeroed data, and a function to run. The report pages are in the image's bss, so both
 * sides know where they are: the child uses its own (child_report), dom0 maps them (child->report).
 */
#ifndef PVT_CHILD_H
#define PVT_CHILD_H

#include "base.h"

struct test;

#define REPORT_MAGIC 0x7076742d6368696cul
#define REPORT_PAGES 4
#define CHILD_PAGES  768 /* 3 MiB */

enum child_state { CHILD_NEW, CHILD_RUNNING, CHILD_RETURNED, CHILD_FAILED };

struct report {
	u64 magic;
	void (*body)(void);
	const struct test *test;
	volatile u64 state;    /* enum child_state */
	volatile u64 word[16]; /* whatever parent and child agree on */
	u64 size;
	char text[REPORT_PAGES * 4096 - 8 * 21];
};

struct child {
	u16 domid;
	bool exists;
	struct report *report;
	u64 shared_info_mfn;
	u64 start_info_pfn, l4_pfn;
	u64 mfn[CHILD_PAGES];
};

/* Build a domain of CHILD_PAGES pages and two vcpus, paused, that will run BODY. Fails the test on
 * any error. */
struct child *child_create(void (*body)(void));
/* The same, with its memory as the hypervisor gave it and nothing to run. */
struct child *child_create_empty(void);
void child_unpause(struct child *child);
/* Wait until it has shut down or SECONDS have gone: the shutdown code, or -1. */
int child_wait(struct child *child, unsigned int seconds);
/* Wait until word[INDEX] of its report is VALUE; false when SECONDS have gone. */
bool child_wait_word(struct child *child, int index, u64 value, unsigned int seconds);
/* Write its transcript to ours. True when its body returned and it then shut down by itself. */
bool child_print(struct child *child);
/* Drop our mappings and destroy it. */
void child_destroy(struct child *child);
void child_destroy_all(void);
/* Whether every domain but ours is gone; waits for dying ones. FIRST is what is left otherwise. */
bool child_all_gone(u16 *first);
/* The machine's free pages, once they no longer change (a domain's end takes time). */
u64 free_pages(void);
/* Are so many free again? A dead domain's go when every CPU let go of it; waits for that. */
bool free_pages_reach(u64 pages);
/* A fresh domctl of the right version for the child. */
struct xen_domctl child_domctl(const struct child *child, u32 command);
/* Map one of its frames at VA in dom0. */
long child_map(struct child *child, const void *va, u64 mfn, u64 flags);

/* In the child. */
extern struct report *child_report;
extern struct report report_pages;
void child_detect(void);
void child_main(void);
void child_report_text(const char *text, size_t size);
void child_report_failed(void);

/* Run a CHILD_TEST or CRASH_TEST in a domain of its own. */
bool child_run_test(const struct test *test);

#endif
