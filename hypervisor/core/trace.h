/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of fixed records per CPU, always on: what was refused where, hypercalls, switches. Printed after a crash and by a debug key. */
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
void trace_print_last(unsigned count); /* of every CPU, merged by time, to the log */

#endif
