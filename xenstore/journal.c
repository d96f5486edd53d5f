/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the log, its batches, and how records are put into them; see journal.h. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain.h"
#include "perms.h"
#include "record.h"
#include "report.h"
#include "snapshot.h"
#include "transaction.h"

#define START_SIZE (1u << 20)
/* What one request may need: a payload, events for many watchers, and some. */
#define RESERVE (128u << 10)
/* A snapshot is due when that much came after the last one, and at least as much as it. */
#define LONG_AFTER (512u << 10)

struct journal_file {
	int fd;
	char *map;
	uint64_t size;
};

struct journal {
	struct journal_file file[2];
	unsigned int current;
	uint64_t generation;
	uint64_t snapshot_end;
	uint64_t at;	 /* where the open batch starts */
	uint64_t end;	 /* where its next byte goes; at: nothing in it */
	uint64_t record; /* where the open record starts */
	bool lost;	 /* something did not fit */
};

static struct journal_file *current(struct journal *j)
{
	return &j->file[j->current];
}

/* Cheap and good enough to tell a torn or stale batch from a whole one; no defence against anybody.
 */
static uint64_t sum_words(uint64_t seed, const void *p, uint64_t len)
{
	const uint64_t *w = p;
	uint64_t h = seed * 0x9e3779b97f4a7c15ull + len;

	for (uint64_t i = 0; i < len / 8; i++) {
		h = (h ^ w[i]) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	return h;
}

static int file_map(struct journal_file *f, uint64_t size)
{
	int err = posix_fallocate(f->fd, 0, (off_t)size);
	void *map;

	if (err)
		return err;
	map = f->map ? mremap(f->map, f->size, size, MREMAP_MAYMOVE)
		     : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, f->fd,
			       0);
	if (map == MAP_FAILED)
		return errno;
	f->map = map;
	f->size = size;
	return 0;
}

static int file_open(struct journal_file *f, const char *dir, unsigned int which)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/log.%u", dir, which);
	f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0 || fstat(f->fd, &st))
		return errno;
	return file_map(f, st.st_size < START_SIZE ? START_SIZE : (uint64_t)st.st_size);
}

static const struct batch *batch_at(const struct journal_file *f, uint64_t at, uint64_t generation)
{
	const struct batch *b = (const void *)(f->map + at);

	if (at + sizeof(*b) > f->size || !b->len || b->len % 8 ||
		b->len > f->size - at - sizeof(*b))
		return NULL;
	return sum_words(generation ^ at, b + 1, b->len) == b->sum ? b : NULL;
}

/* Its generation when it starts with a whole snapshot, else 0. */
static uint64_t file_generation(const struct journal_file *f)
{
	const struct journal_head *h = (const void *)f->map;

	if (h->magic != JOURNAL_MAGIC || h->sum != sum_words(1, h, 16))
		return 0;
	return batch_at(f, sizeof(*h), h->generation) ? h->generation : 0;
}

struct journal *journal_open(const char *dir)
{
	struct journal *j = calloc(1, sizeof(*j));
	uint64_t a, b;
	int err;

	if (!j)
		return NULL;
	j->file[0].fd = j->file[1].fd = -1;
	err = file_open(&j->file[0], dir, 0);
	if (!err)
		err = file_open(&j->file[1], dir, 1);
	if (err) {
		journal_close(j);
		errno = err;
		return NULL;
	}
	a = file_generation(&j->file[0]);
	b = file_generation(&j->file[1]);
	j->current = b > a;
	j->generation = b > a ? b : a;
	return j;
}

void journal_close(struct journal *j)
{
	for (int i = 0; i < 2; i++) {
		if (j->file[i].map)
			munmap(j->file[i].map, j->file[i].size);
		if (j->file[i].fd >= 0)
			close(j->file[i].fd);
	}
	free(j);
}

bool journal_read(struct journal *j, uint64_t *at, const char **records, uint32_t *len)
{
	const struct batch *b;

	if (!j->generation)
		return false;
	if (!*at)
		*at = sizeof(struct journal_head);
	b = batch_at(current(j), *at, j->generation);
	if (!b)
		return false;
	*records = (const char *)(b + 1);
	*len = b->len;
	*at += sizeof(*b) + b->len;
	return true;
}

uint64_t journal_generation(const struct journal *j)
{
	return j->generation;
}

static bool grow(struct journal *j, uint64_t need)
{
	uint64_t size = current(j)->size;

	while (size < need)
		size += size / 4 < START_SIZE ? START_SIZE : size / 4 & ~(uint64_t)4095;
	return !file_map(current(j), size);
}

static char *room(struct journal *j, uint32_t len)
{
	char *p;

	if (j->lost || (j->end + len > current(j)->size && !grow(j, j->end + len))) {
		j->lost = true;
		return NULL;
	}
	p = current(j)->map + j->end;
	j->end += len;
	return p;
}

void put_bytes(struct journal *j, const void *p, uint32_t len)
{
	char *to = room(j, len);

	if (to && len)
		memcpy(to, p, len);
}

void put_u32(struct journal *j, uint32_t v)
{
	put_bytes(j, &v, sizeof(v));
}

void put_u64(struct journal *j, uint64_t v)
{
	put_bytes(j, &v, sizeof(v));
}

void put_string(struct journal *j, const void *p, uint32_t len)
{
	put_u32(j, len);
	put_bytes(j, p, len);
}

void put_start(struct journal *j, uint32_t type)
{
	struct record r = { .type = type };

	if (j->end == j->at)
		room(j, sizeof(struct batch));
	j->record = j->end;
	put_bytes(j, &r, sizeof(r));
}

void put_end(struct journal *j)
{
	static const char zeros[8];
	struct record *r;

	put_bytes(j, zeros, (uint32_t)-j->end & 7);
	if (j->lost)
		return;
	r = (void *)(current(j)->map + j->record);
	r->len = (uint32_t)(j->end - j->record);
}

int journal_reserve(struct journal *j)
{
	if (!j || j->end + RESERVE <= current(j)->size || grow(j, j->end + RESERVE))
		return 0;
	return ENOSPC;
}

/* The length comes last: it makes the batch valid. */
static void batch_close(struct journal *j)
{
	struct batch *b = (void *)(current(j)->map + j->at);
	uint32_t len = (uint32_t)(j->end - j->at - sizeof(*b));

	/* Nothing old may look like the batch after this one. */
	if (j->end + sizeof(*b) <= current(j)->size)
		memset(current(j)->map + j->end, 0, sizeof(*b));
	b->zero = 0;
	b->sum = sum_words(j->generation ^ j->at, b + 1, len);
	__atomic_store_n(&b->len, len, __ATOMIC_RELEASE);
	j->at = j->end;
}

void journal_commit(struct journal *j)
{
	if (!j || j->end == j->at)
		return;
	if (j->lost) {
		report("the log is full and cannot grow: changes are not kept");
		j->lost = false;
		j->end = j->at;
		return;
	}
	batch_close(j);
}

bool journal_is_long(const struct journal *j)
{
	return j && j->at - j->snapshot_end > LONG_AFTER && j->at > 2 * j->snapshot_end;
}

/* Give memory back that a file needed once and the store no longer does. */
static void file_shrink(struct journal_file *f, uint64_t needed)
{
	uint64_t size = (needed * 2 + START_SIZE) & ~(uint64_t)4095;
	void *map;

	if (f->size < 2 * size)
		return;
	map = mremap(f->map, f->size, size, 0);
	if (map == MAP_FAILED)
		return;
	f->size = size;
	if (ftruncate(f->fd, (off_t)size))
		report("the log's old file keeps its length: %s", strerror(errno));
}

int journal_switch(struct journal *j, struct store *s, bool sockets)
{
	struct journal was = *j;
	struct journal_head *h;
	int err;

	journal_commit(j);
	was = *j;
	j->current ^= 1;
	j->generation++;
	j->at = j->end = sizeof(*h);
	/* From here until the header is written again this file is none. */
	h = (void *)current(j)->map;
	h->magic = 0;
	err = snapshot_write(j, s, sockets);
	if (!err && j->lost)
		err = ENOSPC;
	if (err) {
		struct journal_file grown = *current(j);

		was.file[j->current] = grown;
		*j = was;
		return err;
	}
	batch_close(j);
	j->snapshot_end = j->at;
	h = (void *)current(j)->map;
	h->generation = j->generation;
	h->magic = JOURNAL_MAGIC;
	h->sum = 0;
	__atomic_store_n(&h->sum, sum_words(1, h, 16), __ATOMIC_RELEASE);
	file_shrink(&j->file[j->current ^ 1], j->end);
	return 0;
}
