/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenstore on a list of nodes, with transactions that can be undone (one at a time) and back
 * ends that answer: a new one goes to InitWait, one that is told to close, or whose front end goes,
 * closes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xenstore.h>

#include "tests/host/tools_fake.h"
#include "tests/host/tools_fake_store.h"

#define NODES 1024

struct fake_node {
	char *path, *value;
	int owner, reader;
};

struct nodes {
	struct fake_node n[NODES];
	int count;
};
static struct nodes now, saved;
static int event_fd = -1;

/* Watches, and what they have to tell. */
#define WATCHES 32
static struct {
	char *path, *token;
} watches[WATCHES];
#define EVENTS 4096
static struct {
	char *path, *token;
} events[EVENTS];
static int nwatches, nevents;

static void tell(const char *path)
{
	uint64_t one = 1;
	size_t len;
	int i;

	for (i = 0; i < nwatches; i++) {
		len = strlen(watches[i].path);
		/* Below what is watched, or above it (removed with it). */
		if ((strncmp(path, watches[i].path, len) || (path[len] && path[len] != '/')) &&
			(strncmp(path, watches[i].path, strlen(path)) ||
				watches[i].path[strlen(path)] != '/'))
			continue;
		if (nevents == EVENTS)
			return;
		events[nevents].path = strdup(strlen(path) < len ? watches[i].path : path);
		events[nevents++].token = strdup(watches[i].token);
		if (write(event_fd, &one, sizeof(one)) < 0)
			abort();
	}
}

static void clear(struct nodes *s)
{
	int i;

	for (i = 0; i < s->count; i++) {
		free(s->n[i].path);
		free(s->n[i].value);
	}
	s->count = 0;
}

static void copy(struct nodes *to, const struct nodes *from)
{
	int i;

	clear(to);
	for (i = 0; i < from->count; i++) {
		to->n[i] = from->n[i];
		to->n[i].path = strdup(from->n[i].path);
		to->n[i].value = strdup(from->n[i].value);
	}
	to->count = from->count;
}

void fake_store_reset(void)
{
	fake_store_end();
	event_fd = eventfd(0, EFD_CLOEXEC);
}

void fake_unwatch(void)
{
	uint64_t all;

	while (nwatches) {
		free(watches[--nwatches].path);
		free(watches[nwatches].token);
	}
	if (nevents && read(event_fd, &all, sizeof(all)) < 0)
		abort();
	while (nevents) {
		free(events[--nevents].path);
		free(events[nevents].token);
	}
}

void fake_store_end(void)
{
	clear(&now);
	clear(&saved);
	fake_unwatch();
	if (event_fd >= 0)
		close(event_fd);
	event_fd = -1;
}

static struct fake_node *find(const char *path)
{
	int i;

	for (i = 0; i < now.count; i++)
		if (!strcmp(now.n[i].path, path))
			return &now.n[i];
	return NULL;
}

/* Make a node and its parents; permissions come from the parent. */
static struct fake_node *make(const char *path)
{
	struct fake_node *n = find(path), *parent = NULL;
	char up[256], *slash;

	if (n)
		return n;
	snprintf(up, sizeof(up), "%s", path);
	slash = strrchr(up, '/');
	if (slash && slash != up) {
		*slash = 0;
		parent = make(up);
	}
	if (now.count == NODES)
		abort();
	n = &now.n[now.count++];
	n->path = strdup(path);
	n->value = strdup("");
	n->owner = parent ? parent->owner : 0;
	n->reader = parent ? parent->reader : -1;
	return n;
}

static void set(const char *path, const char *value, size_t len)
{
	struct fake_node *n = make(path);

	free(n->value);
	n->value = strndup(value, len);
	tell(path);
}

static void remove_tree(const char *path)
{
	size_t len = strlen(path);
	int i, kept = 0;

	for (i = 0; i < now.count; i++) {
		struct fake_node *n = &now.n[i];

		if (!strncmp(n->path, path, len) && (!n->path[len] || n->path[len] == '/')) {
			free(n->path);
			free(n->value);
		} else {
			now.n[kept++] = *n;
		}
	}
	now.count = kept;
	tell(path);
}

void fake_remove(const char *path)
{
	remove_tree(path);
}

/* What the kernel's back ends, and ours, would do by now. */
static void backends_act(void)
{
	char *end, path[256];
	struct fake_node *n, *front;
	int i;

	for (i = 0; i < now.count && !fake.backends_dead; i++) {
		n = &now.n[i];
		if ((strncmp(n->path, "/local/domain/0/backend/v", 25) &&
			    strncmp(n->path, "/local/domain/0/backend/uv", 26)) ||
			!(end = strrchr(n->path, '/')) || strcmp(end, "/state"))
			continue;
		snprintf(path, sizeof(path), "%.*s/frontend", (int)(end - n->path), n->path);
		front = find(path);
		if (!strcmp(n->value, "1"))
			set(n->path, "2", 1);
		else if (!front || !find(front->value))
			set(n->path, "6", 1);
	}
}

int fake_nodes(void)
{
	return now.count;
}

const char *fake_read(const char *path)
{
	struct fake_node *n = find(path);

	return n ? n->value : NULL;
}

void fake_perms(const char *path, int *owner, int *reader)
{
	struct fake_node *n = find(path);

	*owner = n ? n->owner : -2;
	*reader = n ? n->reader : -2;
}

void fake_write(const char *path, const char *value)
{
	set(path, value, strlen(value));
}

struct xs_handle *xs_open(unsigned long flags)
{
	return (struct xs_handle *)&now;
}

void xs_close(struct xs_handle *h)
{
}

int xs_fileno(struct xs_handle *h)
{
	return event_fd;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	if (fake_call_fails())
		return XBT_NULL;
	copy(&saved, &now);
	return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	bool fails = !abort && fake_call_fails();

	if (abort || fails)
		copy(&now, &saved);
	else
		backends_act();
	return !fails;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	struct fake_node *n = find(path);

	if (!n) {
		errno = ENOENT;
		return NULL;
	}
	*len = strlen(n->value);
	return strdup(n->value);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	unsigned int len)
{
	if (fake_call_fails())
		return false;
	set(path, data, len);
	return true;
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	if (fake_call_fails())
		return false;
	make(path);
	return true;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	if (!find(path)) {
		errno = ENOENT;
		return false;
	}
	remove_tree(path);
	return true;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
	struct xs_permissions *perms, unsigned int n)
{
	struct fake_node *node = find(path);

	if (!node)
		return false;
	node->owner = perms[0].id;
	node->reader = n > 1 ? (int)perms[1].id : -1;
	return true;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *count)
{
	size_t len = strlen(path), bytes = 0;
	char **names, *p;
	int i, n = 0;

	for (i = 0; i < now.count; i++)
		bytes += strlen(now.n[i].path) + 1;
	names = malloc((now.count + 1) * sizeof(*names) + bytes);
	p = (char *)(names + now.count + 1);
	for (i = 0; i < now.count; i++) {
		const char *rest = now.n[i].path + len;

		if (strncmp(now.n[i].path, path, len) || *rest != '/' || strchr(rest + 1, '/'))
			continue;
		names[n++] = p;
		p = stpcpy(p, rest + 1) + 1;
	}
	*count = n;
	return names;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	if (fake_call_fails() || nwatches == WATCHES)
		return false;
	watches[nwatches].path = strdup(path);
	watches[nwatches++].token = strdup(token);
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	int i;

	for (i = 0; i < nwatches; i++) {
		if (strcmp(watches[i].path, path) || strcmp(watches[i].token, token))
			continue;
		free(watches[i].path);
		free(watches[i].token);
		watches[i] = watches[--nwatches];
		return true;
	}
	return false;
}

char **xs_check_watch(struct xs_handle *h)
{
	uint64_t all;
	char **event;
	size_t len;

	if (!nevents) {
		errno = EAGAIN;
		return NULL;
	}
	len = strlen(events[0].path) + 1;
	event = malloc(2 * sizeof(*event) + len + strlen(events[0].token) + 1);
	event[XS_WATCH_PATH] = strcpy((char *)(event + 2), events[0].path);
	event[XS_WATCH_TOKEN] = strcpy((char *)(event + 2) + len, events[0].token);
	free(events[0].path);
	free(events[0].token);
	memmove(events, events + 1, --nevents * sizeof(events[0]));
	if (!nevents && read(event_fd, &all, sizeof(all)) < 0)
		abort();
	return event;
}

bool xs_introduce_domain(
	struct xs_handle *h, unsigned int domid, unsigned long mfn, unsigned int port)
{
	if (fake_call_fails())
		return false;
	fake.domain[domid].introduced++;
	return true;
}

bool fake_store_tells = true;

/* The fakes' own answer to "values": all in one, however long. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
	const char *dir = data, *name = dir + strlen(dir) + 1, *rest;
	char *out = calloc(1, 1 << 16), *at = out;
	size_t dlen = strlen(dir);
	int i;

	if (!fake_store_tells || strcmp(cmd, "values")) {
		free(out);
		errno = EINVAL;
		return NULL;
	}
	for (i = 0; i < now.count; i++) {
		if (strncmp(now.n[i].path, dir, dlen) || now.n[i].path[dlen] != '/')
			continue;
		rest = now.n[i].path + dlen + 1;
		if (!strchr(rest, '/') || strcmp(strchr(rest, '/') + 1, name))
			continue;
		at += sprintf(at, "%.*s %s\n", (int)strcspn(rest, "/"), rest, now.n[i].value);
	}
	strcpy(at, ".\n");
	return out;
}
