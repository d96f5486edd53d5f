// SPDX-License-Identifier: GPL-2.0-or-later
#include "child.h"
#include "test.h"

struct report report_pages page_aligned;
struct report *child_report;

void child_detect(void)
{
	if (report_pages.magic == REPORT_MAGIC)
		child_report = &report_pages;
}

void child_report_text(const char *text, size_t size)
{
	struct report *r = child_report;

	if (size > sizeof(r->text) - r->size)
		size = sizeof(r->text) - r->size;
	memcpy(r->text + r->size, text, size);
	r->size += size;
}

void child_report_failed(void)
{
	child_report->state = 3;
}

void child_main(void)
{
}

bool child_run_test(const struct test *test)
{
	return false;
}
