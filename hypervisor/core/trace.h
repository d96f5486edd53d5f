/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of fixed records per CPU, always on: what was refused where, hypercalls, switches. Printed
 * after a crash and by a debug key. */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "lib/base.h"

enum trace_event {
#define TRACE(name, text) TRACE_##name,
#include "abi/trace.def"
#undef TRACE
	TRACE_EVENT_COUNT
};

void trace_init(void);
void trace(enum trace_event event, u64 a, u64 b);
void trace_cpu_up(unsigned cpu); /* makes that CPU's ring; before it records are dropped */
void trace_refused(int err, const char *file, unsigned line); /* fail() */
void trace_print_last(unsigned count); /* of every CPU, merged by time, newest first, to the log */

#endif
