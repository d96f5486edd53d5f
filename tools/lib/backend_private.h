/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the back ends' skeleton (backend*.c), not for the kinds: the process, its devices, and
 * what each part of the skeleton offers to the others.
 */
#ifndef TOOLS_LIB_BACKEND_PRIVATE_H
#define TOOLS_LIB_BACKEND_PRIVATE_H

#include "tools/lib/backend.h"
#include "tools/lib/backend_loop.h"

#include <xenevtchn.h>

/* The skeleton's own page of the restart memory, its last. */
struct backend_mark {
	/* There are rings. Closing does not say so: it comes after InitWait as well. */
	uint32_t connected;
};

struct backend_mapping {
	struct backend_mapping *next;
	void *pages;
	uint32_t count;
};

struct backend_channel {
	struct backend_channel *next; /* of its device */
	struct backend_channel *due;  /* next in the list of those to run */
	struct backend_device *dev;
	evtchn_port_t port;
	bool (*work)(void *arg);
	void *arg;
	bool masked; /* an event came and was not answered by an unmask yet */
	bool queued; /* in the list */
};

/* What becomes of a device when its disconnection is over. */
enum backend_then { THEN_CLOSED, THEN_WAIT, THEN_GONE };

struct backend_private {
	struct backend_device dev;
	struct backend_private *next;
	bool dirty;	    /* something changed: look at it */
	bool seen;	    /* during a look at the list */
	bool created;	    /* create() done */
	bool resumes;	    /* a predecessor's connection goes on */
	bool probing;	    /* in probe() */
	bool asked, probed; /* for its descriptors; and they came */
	bool connected;	    /* connect() was called and disconnect() is not over */
	bool leaving;	    /* disconnect() was called and is not over */
	bool failed;	    /* backend_fail() was called in this connection */
	enum backend_then then;
	struct backend_mark *mark; /* NULL: no restart memory */
	struct backend_mapping *mappings;
	struct backend_channel *channels;
	int fds[BACKEND_FDS]; /* while the restart memory's lock is waited for */
	unsigned int nfds;
	sd_event_source *lock_timer;
	sd_event_source *open_timer; /* it could not be opened: until it is asked for again */
	unsigned int open_tries;
	uint64_t lock_poll_us;
	long log_second; /* the second of the last line, and lines in it */
	unsigned int log_lines, log_dropped;
};

struct backend_process {
	const struct backend_ops *ops;
	uint32_t domid;
	char dir[64];		 /* the back ends of this domain and kind */
	sd_event_source *looker; /* for dirty devices */
	struct store store;
	xengnttab_handle *gnttab;
	struct backend_private *devices;
};

extern struct backend_process backend_process;

/* backend.c */
/* All but the loop of backend_main(): open everything, enter the sandbox, find the devices. */
int backend_open(const struct backend_ops *ops, uint32_t domid, int broker, struct error *e);
/* A turn of the loop, and one for each channel that is due. As backend_loop_turn(). */
int backend_turn(int timeout);
struct backend_private *backend_find(uint32_t devid);
/* Look at devices marked dirty soon. */
void backend_look_soon(struct backend_private *p);
/* Descriptors of a device have come (count of them, taken over), or why they do not come. */
void backend_opened(uint32_t devid, const int *fds, unsigned int count);
void backend_not_opened(uint32_t devid, const char *why);

/* backend_ring.c: mappings and event channels. */
int backend_channels_open(struct error *e);
bool backend_channels_due(void);
/* Run each of the channels that are due now, once; false: there was none. */
bool backend_channels_run(void);
void backend_release(struct backend_private *p);

/* backend_socket.c: the broker and the toolstack. broker: an open connection to vaned, or -1. */
int backend_socket_open(int broker, struct error *e);
/* Ask for a device's descriptors, now or as soon as there is a broker. */
void backend_ask(struct backend_private *p);

/* backend_sandbox.c: give up all that serving does not need. */
int backend_sandbox(const struct backend_ops *ops, uint32_t domid, struct error *e);

#endif
