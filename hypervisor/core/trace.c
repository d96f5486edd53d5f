/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace rings: each CPU writes its own, 32 bytes a record, oldest overwritten; no lock, no
 * allocation after start. Until a CPU's ring exists its records are dropped. The time is the TSC.
 */
#include "core/frame.h"
#include "core/log.h"
#include "core/trace.h"
#include "lib/cmdline.h"

struct record {
	u64 time;
	u32 event;
	u32 line; /* of TRACE_refused */
	u64 a, b;
};

struct ring {
	struct record *records;
	u64 written;
};

static struct ring rings[NR_CPUS];
static unsigned ring_records; /* a power of two */

static const char *const formats[] = {
#define TRACE(name, text) text,
#include "abi/trace.def"
#undef TRACE
};

void trace_cpu_up(unsigned cpu)
{
	unsigned order = 0;

	while (order < 6 && 1u << order < opt.tbuf_size)
		order++;
	ring_records = (unsigned)((PAGE_SIZE << order) / sizeof(struct record));
	if (!rings[cpu].records)
		rings[cpu].records = heap_pages(order, 0);
}

void trace_init(void)
{
	/* rings are made as each CPU comes up, when there is memory: trace_cpu_up */
}

static struct record *record_next(enum trace_event event)
{
	struct ring *ring = &rings[cpu_id()];
	struct record *r;

	if (unlikely(!ring->records))
		return NULL;
	r = &ring->records[ring->written++ & (ring_records - 1)];
	r->time = tsc_read();
	r->event = event;
	return r;
}

void trace(enum trace_event event, u64 a, u64 b)
{
	struct record *r = record_next(event);

	if (r) {
		r->a = a;
		r->b = b;
	}
}

void trace_refused(int err, const char *file, unsigned line)
{
	struct record *r = record_next(TRACE_refused);

	if (r) {
		r->a = (u64)err;
		r->b = (u64)file;
		r->line = line;
	}
}

static void record_print(unsigned cpu, const struct record *r)
{
	if (r->event == TRACE_refused) {
		log_raw("%16lu cpu%u refused -%lu at %s:%u\n", r->time, cpu, r->a,
			(const char *)r->b, r->line);
		return;
	}
	log_raw("%16lu cpu%u ", r->time, cpu);
	log_raw(r->event < ARRAY_SIZE(formats) ? formats[r->event] : "event %lx %lx", r->a, r->b);
	log_raw("\n");
}

/* The latest record before `before`, of any CPU: *cpu and its index, or NULL. */
static const struct record *record_latest(u64 before, unsigned *cpu)
{
	const struct record *best = NULL;

	for (unsigned c = 0; c < NR_CPUS; c++) {
		const struct ring *ring = &rings[c];

		if (!ring->records)
			continue;
		for (unsigned n = 0; n < ring_records && n < ring->written; n++) {
			const struct record *r =
				&ring->records[(ring->written - 1 - n) & (ring_records - 1)];

			if (r->time >= before)
				continue;
			if (!best || r->time > best->time) {
				best = r;
				*cpu = c;
			}
			break; /* older ones follow */
		}
	}
	return best;
}

void trace_print_last(unsigned count)
{
	u64 before = ~0ull;
	const struct record *r;
	unsigned cpu = 0;

	log_raw("Last trace records, newest first:\n");
	while (count-- && (r = record_latest(before, &cpu)) != NULL) {
		record_print(cpu, r);
		before = r->time;
	}
}
