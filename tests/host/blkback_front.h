/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A front end in memory for blkback: rings, granted pages, a disk, in memory that is shared with
 * child processes; and what blkback needs of the skeleton (tools/lib/backend.h), of libxengnttab
 * and of its source, on that memory.
 */
#ifndef TESTS_HOST_BLKBACK_FRONT_H
#define TESTS_HOST_BLKBACK_FRONT_H

#include "blkback/disk.h"

#define FRONT_SECTORS 4096 /* of the disk */
#define FRONT_REFS    256  /* granted pages: references 1000 + n */
#define FRONT_REF     1000
#define FRONT_RINGS   (JOURNAL_QUEUES << JOURNAL_RING_ORDER) /* pages: references n */

/* What outlives a process. */
struct front {
	uint8_t ring[FRONT_RINGS][PAGE] __attribute__((aligned(PAGE)));
	uint8_t page[FRONT_REFS][PAGE] __attribute__((aligned(PAGE)));
	uint8_t disk[FRONT_SECTORS * SECTOR];
	struct journal journal;
	bool revoked[FRONT_REFS];
	uint32_t req_prod[JOURNAL_QUEUES], rsp_cons[JOURNAL_QUEUES]; /* the guest's own */
	unsigned int flushes, durable;				     /* that the source has done */
};
extern struct front *front;

/* What does not. */
struct front_process {
	unsigned int queues, order;
	int disk_fd;	   /* of the file that it was started with */
	bool failed;	   /* backend_fail() was called */
	bool disconnected; /* backend_disconnected() was called */
	unsigned int notified, logged;
	long crash_at;		   /* the order point at which to end; 0: never */
	long points;		   /* order points so far */
	int64_t fail_next;	   /* the source's next step fails with -errno */
	bool shuffle;		   /* steps end in a random order */
	bool racing;		   /* a thread writes to the ring: stop at nothing it does */
	bool map_fails;		   /* pages can be copied but not mapped */
	unsigned int maps, mapped; /* granted pages: how often, and how many are */
};
extern struct front_process fp;
/* The front end keeps to its pages: for all processes. */
extern bool front_persistent;
extern struct backend_device front_dev;

/* Fresh shared memory; a new process's state for a ring of 1 << order pages and so many queues. */
void front_reset(void);
void front_process_reset(unsigned int queues, unsigned int order);
/* create, probe, connect; what connect() returned. */
int front_start(bool resuming, const char *mode);
/* Serve until nothing moves. */
void front_serve(void);
/* Only start what the rings hold; only end what is at the source. */
void front_take(void);
/* The source's (blkback_disk.c, or the test's own). */
unsigned int front_complete(void);
void front_disk_reset(void);
/* Byte by byte as a hypervisor may: another processor is allowed to write meanwhile. */
void front_copy(uint8_t *to, const uint8_t *from, unsigned int len);
void crash_point(void);
void front_stop(void);

/* The guest: a request into the next place of a ring, visible with front_push(). */
blkif_request_t *front_request(unsigned int queue);
void front_next(unsigned int queue);
void front_push(unsigned int queue);
/* The next answer; NULL if there is none. */
const blkif_response_t *front_answer(unsigned int queue);
unsigned int front_entries(void);
uint32_t front_random(uint32_t below);

#endif
