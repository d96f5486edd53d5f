/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of a back end: see backend.h. Descriptors that have news with every request are
 * watched by an epoll of our own, since libsystemd's loop costs 1,500 instructions each time.
 * Everything else is libsystemd's, whose loop is embedded as its manual has it (sd_event_get_fd(3),
 * sd_event_wait(3)): its descriptor is one member of our epoll. It has to look at its sources
 * before a wait when one was set from outside of it ("changed").
 *
 * A turn serves each watched descriptor that is ready and one source of the library's, so neither
 * can keep the other waiting.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tools/lib/backend.h"
#include "tools/lib/backend_loop.h"

#define AT_ONCE 16 /* descriptors; epoll begins with others the next time */

static sd_event *library;
static int epoll = -1;
static bool changed; /* the library has to look at its sources before we wait */
static struct epoll_event batch[AT_ONCE];
static int batched;

static int add(int fd, uint32_t events, void *member)
{
	struct epoll_event e = { .events = events, .data.ptr = member };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

int backend_loop_open(void)
{
	changed = true;
	if (sd_event_new(&library) < 0)
		return -1;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	/* The library's member is the one without a watch. */
	return epoll < 0 || add(sd_event_get_fd(library), EPOLLIN, NULL) ? -1 : 0;
}

void backend_loop_close(void)
{
	library = sd_event_unref(library);
	close(epoll);
	epoll = -1;
}

sd_event *backend_loop(void)
{
	return library;
}

void backend_loop_changed(void)
{
	changed = true;
}

int backend_watch(
	struct backend_watch *w, int fd, uint32_t events, void (*ready)(void *arg), void *arg)
{
	if (add(fd, events, w))
		return -1;
	*w = (struct backend_watch){ .fd = fd, .ready = ready, .arg = arg };
	return 0;
}

void backend_unwatch(struct backend_watch *w)
{
	int i;

	if (!w->ready)
		return;
	w->ready = NULL;
	epoll_ctl(epoll, EPOLL_CTL_DEL, w->fd, NULL);
	/* It may be among those whose turn is still to come. */
	for (i = 0; i < batched; i++)
		if (batch[i].data.ptr == w)
			batch[i].events = 0;
}

int backend_after(sd_event_source **timer, uint64_t us, sd_event_time_handler_t over, void *arg)
{
	changed = true;
	if (!*timer)
		return sd_event_add_time_relative(
			       library, timer, CLOCK_MONOTONIC, us, 1, over, arg) < 0
			       ? -1
			       : 0;
	sd_event_source_set_time_relative(*timer, us);
	sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
	return 0;
}

/* Its timers are armed; more than 0: a source of it is due. */
static int prepare_library(void)
{
	int rc = 0;

	changed = false;
	if (sd_event_get_state(library) == SD_EVENT_ARMED)
		rc = sd_event_wait(library, 0);
	return rc ? rc : sd_event_prepare(library);
}

/* One source of the library's, which has to be prepared again then. 0 or -errno. */
static int serve_library(bool due)
{
	int rc = due ? 1 : sd_event_wait(library, 0);

	changed = true;
	if (rc <= 0)
		return rc;
	rc = sd_event_dispatch(library);
	return rc > 0 ? 0 : rc ? rc : -ESHUTDOWN;
}

int backend_loop_turn(int timeout)
{
	int i, due = changed ? prepare_library() : 0, served = due > 0;
	bool ready = due;

	if (due < 0)
		return due;
	batched = epoll_wait(epoll, batch, AT_ONCE, due ? 0 : timeout);
	if (batched < 0 && errno != EINTR)
		return -errno;
	for (i = 0; i < batched; i++) {
		struct backend_watch *w = batch[i].data.ptr;

		if (!w)
			ready = true;
		else if (batch[i].events)
			w->ready(w->arg);
		served++;
	}
	batched = 0;
	if (ready)
		due = serve_library(due);
	return due < 0 ? due : served;
}
