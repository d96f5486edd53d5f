/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching for domains: see storewatch.h. libxenstore does not tell when its connection has ended,
 * so a read every few seconds finds it out.
 */
#include "tools/lib/storewatch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "tools/lib/log.h"

#define TIMER_US 5000000

static bool alive(struct store *s)
{
	char *root;

	errno = 0;
	root = s->xs ? store_read(s, "/local") : NULL;
	free(root);
	return root || errno == ENOENT || errno == EACCES;
}

static int ready(sd_event_source *src, int fd, uint32_t events, void *arg)
{
	struct storewatch *w = arg;
	bool any = false;
	char **event;

	while ((event = xs_check_watch(w->s->xs))) {
		free(event);
		any = true;
	}
	/* Readable, and nothing to read: if the connection is gone, the timer makes it anew. */
	if (any)
		w->look(false);
	else if (!alive(w->s))
		sd_event_source_set_enabled(src, SD_EVENT_OFF);
	return 0;
}

static int connect_store(struct storewatch *w, struct error *e)
{
	if (store_open(w->s, e))
		return -1;
	if (!xs_watch(w->s->xs, "@introduceDomain", "look") ||
		!xs_watch(w->s->xs, "@releaseDomain", "look"))
		return error_errno(e, ERR_FAIL, "cannot watch for domains");
	if (sd_event_add_io(w->loop, &w->io, xs_fileno(w->s->xs), EPOLLIN, ready, w) < 0)
		return error_set(e, ERR_FAIL, "no event source");
	return 0;
}

static int tick(sd_event_source *src, uint64_t now, void *arg)
{
	struct storewatch *w = arg;
	struct error e = { 0 };

	sd_event_source_set_time_relative(src, TIMER_US);
	sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
	if (!alive(w->s)) {
		w->io = sd_event_source_unref(w->io);
		store_close(w->s);
		if (connect_store(w, &e)) {
			w->io = sd_event_source_unref(w->io);
			store_close(w->s);
			return 0;
		}
		log_line(LOG_INFO, "xenstore was started again");
	}
	w->look(true);
	return 0;
}

int storewatch_start(struct storewatch *w, struct error *e)
{
	if (connect_store(w, e))
		return -1;
	if (sd_event_add_time_relative(w->loop, &w->timer, CLOCK_MONOTONIC, TIMER_US, 0, tick, w) <
		0)
		return error_set(e, ERR_FAIL, "no event source");
	return 0;
}
