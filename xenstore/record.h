/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How facts are laid out in the log. A record is a header, then fixed fields, then strings with
 * their lengths before them, padded to 8 bytes. Everything is in the machine's own byte order: the
 * log never leaves the machine.
 */
#ifndef XENSTORE_RECORD_H
#define XENSTORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum record_type {
	RECORD_END,
#define RECORD(name, decoder) RECORD_##name,
#include "record.def"
#undef RECORD
	RECORD_TYPES
};

struct record {
	uint32_t type;
	uint32_t len; /* with this header and the padding */
};

/* A batch becomes valid as one. */
struct batch {
	uint32_t len; /* of the records, without this header */
	uint32_t zero;
	uint64_t sum; /* of generation, len and records */
};

struct journal_head {
	uint64_t magic, generation, sum;
	uint64_t spare[5];
};
#define JOURNAL_MAGIC 0x31474f4c45524f54ull /* "TORELOG1" */

/* Reading one record: every take_*() checks; `bad` is set when something is missing. */
struct take {
	const char *at, *end;
	bool bad;
};

static inline const void *take_bytes(struct take *t, uint32_t len)
{
	const char *p = t->at;

	if ((uint64_t)(t->end - t->at) < len) {
		t->bad = true;
		return NULL;
	}
	t->at += len;
	return p;
}

static inline uint64_t take_u64(struct take *t)
{
	const void *p = take_bytes(t, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, 8);
	return v;
}

static inline uint32_t take_u32(struct take *t)
{
	const void *p = take_bytes(t, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return v;
}

#endif
