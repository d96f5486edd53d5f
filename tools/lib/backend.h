/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What blkback and netback share: the process of one domain and one kind of device. It finds the
 * domain's devices of its kind in xenstore, takes each through the xenbus states by the table of
 * backend_state.h, and calls the kind (struct backend_ops) where work is to be done. It owns the
 * event loop (backend_loop.c), the connection to xenstore, /dev/xen/evtchn, /dev/xen/gntdev, the
 * log and the sandbox.
 *
 * Back ends of this kind live in /local/domain/0/backend/uvbd/DOMID/DEVID and .../uvif/..., which
 * the kernel's drivers do not claim; front ends follow their "backend" node and see no difference.
 *
 * One thread. A call of the kind does bounded work and never waits. The process may be killed at
 * any instruction: what a successor needs is in the device's restart memory, written before it
 * matters. Everything read from a ring or from the front end's nodes is hostile; what is wrong
 * there ends in backend_fail(), which closes this device and nothing else.
 */
#ifndef TOOLS_LIB_BACKEND_H
#define TOOLS_LIB_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>
#include <xen/io/xenbus.h>
#include <xengnttab.h>

#include "tools/lib/log.h"
#include "tools/lib/store.h"
#include "tools/lib/text.h"

#define BACKEND_FDS	   16 /* descriptors of a device at most: a disk, or a tap's queues */
#define BACKEND_RING_PAGES 16 /* of one ring */

struct backend_device {
	uint32_t domid, devid;
	char back[72], front[72]; /* paths in xenstore; back is ours alone, front the guest's */
	enum xenbus_state state;  /* ours, as last written */
	/*
	 * The restart memory, ops->memory bytes, zeroed before each connection that is not a
	 * resumed one. It outlives the process. The one open file description of it carries a lock
	 * that a successor waits for, so: a descriptor that must outlive us until our I/O is over
	 * (an io_uring's registered file) may be a duplicate of memory_fd.
	 */
	void *memory;
	int memory_fd;
	bool resuming; /* in connect(): the front end was connected to a process before us */
	void *own;     /* the kind's, from create() to destroy() */
	/* The skeleton's own: */
	struct backend_private *p;
};

/*
 * A kind of device. For one device the order of calls is create, probe, (connect, disconnect)*,
 * destroy; disconnect comes after each connect, also after one that failed. Calls that return int:
 * 0, or -1 after backend_fail() or with the reason logged.
 */
struct backend_ops {
	const char *program; /* "blkback" */
	const char *kind;    /* "uvbd": the directory below backend/ */
	/* Bytes of restart memory; at most BACKEND_MEMORY - BACKEND_MARK, 0: none. */
	size_t memory;
	/* Once, before the sandbox: what needs more than it allows. -1: the process ends. May be
	 * NULL. */
	int (*start)(void);
	/* Set dev->own; nothing outside the process is touched. */
	int (*create)(struct backend_device *dev);
	/*
	 * The device's descriptors have come (see backend_source.h; they are the kind's now): look
	 * at them and publish features with backend_publish(). InitWait follows. After a restart it
	 * is called as well, before connect() with resuming set; publishing the same again is
	 * written again then.
	 */
	int (*probe)(struct backend_device *dev, const int *fds, unsigned int nfds);
	/*
	 * The front end's nodes are there: read them with backend_front_*(), map rings, bind
	 * channels. Connected follows (nothing is published by us but what connect() publishes).
	 * resuming: the state is and stays Connected or Closing; go on where the restart memory
	 * says, look at the rings at once and notify once: events may have been lost meanwhile.
	 */
	int (*connect)(struct backend_device *dev);
	/*
	 * Stop using the rings, the guest is done with them (or dead). Mappings and channels that
	 * were made for this device since connect() are undone by the skeleton after it. A kind
	 * that has I/O in flight into foreign pages returns false and calls backend_disconnected()
	 * when there is none left; it is not called a second time for the same connection.
	 */
	bool (*disconnect)(struct backend_device *dev);
	/* Close descriptors, free own. */
	void (*destroy)(struct backend_device *dev);
	/* Lines "name value" for `vane block-list`, `vane network-list` and the like. */
	void (*statistics)(struct backend_device *dev, struct text *t);
	/*
	 * A command of the toolstack, words separated by blanks ("resize", "limit iops=100"): the
	 * answer's text in t, 0 or -1. May be NULL.
	 */
	int (*command)(struct backend_device *dev, const char *words, struct text *t);
	/* A node below our own directory was written by someone else (name: "rate"). May be NULL.
	 */
	void (*changed)(struct backend_device *dev, const char *name);
	/* System calls that the kind needs beyond the skeleton's, ending with -1. May be NULL. */
	const int *syscalls;
};

/* The whole of main(): arguments, start, serving, end. The exit status. */
int backend_main(int argc, char **argv, const struct backend_ops *ops);

/*
 * The loop, for descriptors of the kind's own (a tap, an io_uring): ready() is called while one of
 * events (EPOLLIN, EPOLLET, ...) is there. 0, or -1 with errno. The kind keeps w, zeroed before,
 * and ends the watch before it closes the descriptor; from within a ready() too, and it need not
 * have begun.
 */
struct backend_watch {
	int fd;
	void (*ready)(void *arg); /* NULL: nothing is watched */
	void *arg;
};
int backend_watch(
	struct backend_watch *w, int fd, uint32_t events, void (*ready)(void *arg), void *arg);
void backend_unwatch(struct backend_watch *w);
/*
 * Call over() once, in us microseconds from now. *timer is NULL or one that was made here, which is
 * set anew; sd_event_source_disable_unref() ends it. 0, or -1.
 */
int backend_after(sd_event_source **timer, uint64_t us, sd_event_time_handler_t over, void *arg);

/*
 * This device cannot go on: one line in the log, the "error" node, and it is disconnected and
 * closed soon after the caller returned (never from within the call). Always -1.
 */
int backend_fail(struct backend_device *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* One line about a device, with a limit of lines a second for each device. */
void backend_log(struct backend_device *dev, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* See disconnect(). */
void backend_disconnected(struct backend_device *dev);

/* Nodes. Our own directory: written by the toolstack and us, to be trusted. */
void backend_publish(struct backend_device *dev, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
long long backend_own_number(struct backend_device *dev, const char *name, long long dflt);
char *backend_own_text(struct backend_device *dev, const char *name); /* NULL: none; caller frees */
/*
 * The front end's directory: the guest's. A decimal number in [min, max]; the name is formatted
 * ("queue-%u/ring-ref%u"). front_number: required, anything else is backend_fail() and -1.
 * front_optional: *value stays as it is when the node is absent; a bad one is backend_fail() and
 * -1.
 */
int backend_front_number(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, ...) __attribute__((format(printf, 5, 6)));
int backend_front_optional(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, ...) __attribute__((format(printf, 5, 6)));
/* A string of the guest's, at most size - 1 bytes of it; false when absent. */
bool backend_front_text(struct backend_device *dev, char *buf, size_t size, const char *name);

/*
 * Rings. Map n pages of the front end's, contiguous, for reading and writing; NULL after
 * backend_fail(). Undone after disconnect(). The pages stay readable even if the guest dies.
 */
void *backend_map_ring(struct backend_device *dev, const uint32_t *refs, unsigned int n);
/*
 * The process's handle of gntdev, for copies (xengnttab_grant_copy) and mappings that the kind
 * keeps itself: it unmaps them before its disconnect() is over. Domain ids in copies: dev->domid.
 */
xengnttab_handle *backend_gnttab(void);

/*
 * Event channels. work() is called in the loop when the front end has sent an event, at once after
 * the binding (events may have come before), and again and again while it returns true ("there is
 * more, others may go first"). The port is unmasked when it returns false: what arrives from then
 * on calls it again, so the usual final check of the ring before that is all that is needed.
 */
struct backend_channel;
struct backend_channel *backend_bind(struct backend_device *dev, uint32_t remote_port,
	bool (*work)(void *arg), void *arg); /* NULL after backend_fail() */
/* Send an event: once for a batch. */
void backend_notify(struct backend_channel *c);
/* Have work() called soon, as if an event had come (room was made, I/O has ended). */
void backend_kick(struct backend_channel *c);

#endif
