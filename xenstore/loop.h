/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: epoll, and turns for clients that have work left. One iteration serves everyone a
 * bounded amount. */
#ifndef XENSTORE_LOOP_H
#define XENSTORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct store;

struct source {
	int fd;
	uint32_t events; /* that it waits for; 0: not known to epoll */
	void (*happened)(struct source *src, uint32_t events);
	void *owner;
};

struct loop {
	int epoll;
	bool stop;
	struct store *store;
	bool update;		      /* a live update is to start at the end of this round */
	void (*idle)(struct loop *l); /* after each round */
};

/* 0 or an errno. */
int loop_init(struct loop *l, struct store *s);
/* Wait for these events from now on (0: for none). 0 or an errno. */
int loop_set(struct loop *l, struct source *src, uint32_t events);
/* One round; `wait` in ms when nothing is ready. */
void loop_once(struct loop *l, int wait);
void loop_run(struct loop *l);

#endif
