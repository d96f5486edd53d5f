/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of a guest: its rings (queue.c), its requests (request.c), what stands behind it
 * (source.c), its way through xenbus (disk.c). ABI: <xen/io/blkif.h>.
 *
 * A request is copied out of the ring once, into the restart memory (journal.h), and only that copy
 * is looked at. Its data is copied between the guest's pages and a buffer of ours, by us where the
 * page stays mapped (persistent.h), else by the hypervisor, so nothing that the guest does to its
 * pages or grants can fault us or change data under way.
 */
#ifndef BLKBACK_DISK_H
#define BLKBACK_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <xen/io/blkif.h>

#include "blkback/journal.h"
#include "blkback/persistent.h"
#include "tools/lib/backend.h"
#include "tools/lib/backend_pages.h"

#define SECTOR	      512
#define PAGE	      4096
#define SEGMENTS_MAX  256 /* of an indirect request */
#define HISTOGRAM     24  /* latency classes: up to 2^n us */
#define IN_FLIGHT_MAX 128 /* requests of a disk */
#define BATCH	      64  /* requests taken before others have their turn */

struct disk;
struct queue;

/* Data of a request under way: the guest's segments, and room for what they hold. */
struct buffer {
	struct buffer *next;  /* free ones */
	struct buffer **list; /* where it goes when it is free */
	uint8_t *data;
	bool registered; /* with the io_uring, as its buffer 0 */
	struct blkif_request_segment segment[SEGMENTS_MAX];
};

/* What is to be done to the source, in this order; a step without work is skipped. */
enum step { STEP_NEW, STEP_DRAIN, STEP_FLUSH, STEP_DATA, STEP_SYNC, STEP_DONE };

struct request {
	struct queue *q;
	struct request *next; /* free ones; those collected for a batch */
	struct slot *slot;    /* the guest's words, ours alone */
	struct buffer *buffer;
	uint8_t op; /* read, write, flush, barrier, discard; never indirect */
	enum step step;
	unsigned int segments;
	uint32_t bytes;
	uint64_t sector, sectors;
	uint64_t started_ns;
	int16_t status;
};

struct queue {
	struct disk *disk;
	struct blkif_sring *ring;
	struct journal_queue *j;
	unsigned int entries; /* a power of two */
	struct request *requests, *free;
	struct backend_channel *channel;
	bool waiting;	/* for a barrier, or for any request of the process, to end */
	bool published; /* no: answers are in the ring that the guest was not told of */
	uint32_t told;	/* rsp_prod in the ring */
	unsigned int in_flight, most_in_flight;
};

struct statistics {
	uint64_t requests[BLKIF_OP_INDIRECT + 1], errors;
	uint64_t bytes_read, bytes_written;
	uint64_t latency[HISTOGRAM];
	uint64_t batches, notifications;
};

struct disk {
	struct disk *next; /* of the process */
	struct backend_device *dev;
	int fd;		 /* -1: none */
	unsigned int id; /* of its descriptors in the source's table */
	uint64_t sectors;
	uint32_t sector_size, physical_size;
	bool readonly, discard, file;
	struct queue queue[JOURNAL_QUEUES];
	unsigned int queues;
	unsigned int in_flight;
	struct request *barrier;       /* one that waits for, or keeps out, all others */
	bool leaving, held;	       /* held: a barrier may not start yet */
	struct persistent *persistent; /* NULL: the front end does not keep to its pages */
	struct statistics stats;
	/* Throttling, 0: none. Tokens come back with time; see throttle.c. */
	uint64_t iops, bps;
	double tokens_io, tokens_bytes;
	uint64_t tokens_ns;
	sd_event_source *tokens_timer;
};

extern const struct backend_ops disk_ops;
uint64_t disk_now_ns(void);
/* Tell every guest of the answers it was not told of. */
void disk_publish_all(void);
/* A request of the disk is over: go on with what waited for it. */
void disk_request_over(struct disk *d);

/* queue.c. Take and start what the ring holds; true: there is more. */
bool queue_work(void *arg);
/* Map and bind. 0, or -1 after backend_fail(). */
int queue_connect(struct queue *q, unsigned int index, unsigned int queues, bool resuming);
/* Take up what a predecessor left; every queue is connected. */
void queue_resume(struct queue *q);
void queue_disconnect(struct queue *q);
/* Answer a request and free it; the guest is told by queue_publish(). */
void queue_answer(struct queue *q, struct request *r);
void queue_publish(struct queue *q);

/* request.c. Check and start a list of requests (linked by next) that are in their slots. */
void request_start(struct request *list);
/* The source has done a step: result is 0 or more, or -errno. */
void request_step_done(struct request *r, int64_t result);
/* Start the barrier if nothing is in its way any more. */
void request_barrier(struct disk *d);
/* After a batch of steps: data of reads to the guest, answers, notifications. */
void request_flush(void);

/* buffer.c. Make the pools, before the sandbox. -1: no memory. `to_register`: what to make the
 * io_uring's buffer 0. */
int buffers_start(struct iovec *to_register);
/* Room for so many pages of data, which lie one behind the other; NULL: no memory. `copied`: the
 * hypervisor copies it. */
struct buffer *buffer_get(unsigned int pages, bool copied);
void buffer_put(struct buffer *b);
/* How many requests may come that have no room in the pools; the next may once one has ended. */
unsigned int buffers_left(void);
/* Make memory of ours, in the pool or not, one end of a copy: what to set in the segment's flags.
 */
uint16_t buffer_end(union xengnttab_copy_ptr *end, void *at, unsigned int len, uint16_t by_ref);

/* source.c: the process's io_uring. */
int source_start(void); /* before the sandbox */
int source_attach(struct disk *d);
void source_detach(struct disk *d);
/* Queue one step of a request; request_step_done() follows, never from within. */
void source_data(struct request *r, bool write, bool durable);
void source_flush(struct request *r);
void source_discard(struct request *r);
/* Start what was queued. */
void source_submit(void);
/* Report steps that are over; false: there was none. */
bool source_reap(void);

/* throttle.c. May one request more of this many bytes start? false: work is kicked later. */
bool throttle_take(struct disk *d);
void throttle_charge(struct disk *d, uint64_t bytes);
void throttle_set(struct disk *d, uint64_t iops, uint64_t bps);
void throttle_stop(struct disk *d);

#endif
