/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices in xenstore: see device.h.
 */
#include "tools/lib/device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xenbus.h>

struct device device_served(uint32_t domid, const char *kind, const char *back_kind, uint32_t devid)
{
	struct device d = { .domid = domid, .kind = kind, .devid = devid, .back_kind = back_kind };

	if (!strcmp(kind, "console"))
		snprintf(d.front, sizeof(d.front), "/local/domain/%u/console", domid);
	else
		snprintf(d.front, sizeof(d.front), "/local/domain/%u/device/%s/%u", domid, kind,
			devid);
	snprintf(d.back, sizeof(d.back), "/local/domain/0/backend/%s/%u/%u", back_kind, domid,
		devid);
	snprintf(d.record, sizeof(d.record), "/libxl/%u/device/%s/%u", domid, kind, devid);
	return d;
}

struct device device_of(uint32_t domid, const char *kind, uint32_t devid)
{
	return device_served(domid, kind, kind, devid);
}

struct device device_find(struct store *s, uint32_t domid, const char *kind, uint32_t devid)
{
	static const char *const kinds[] = { "uvbd", "uvif" };
	struct device d = device_of(domid, kind, devid), other;
	char *back = store_read(s, "%s/backend", d.record);
	size_t i;

	for (i = 0; back && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		other = device_served(domid, kind, kinds[i], devid);
		if (!strcmp(back, other.back))
			d = other;
	}
	free(back);
	return d;
}

void nodes_add(struct nodes *l, const char *name, const char *fmt, ...)
{
	va_list ap;
	char *v;

	va_start(ap, fmt);
	if (vasprintf(&v, fmt, ap) < 0)
		v = NULL;
	va_end(ap);
	l->n = xgrow(l->n, l->count + 1, sizeof(*l->n));
	l->n[l->count].name = xstrdup(name);
	l->n[l->count++].value = v ? v : xstrdup("");
}

void nodes_free(struct nodes *l)
{
	unsigned int i;

	for (i = 0; i < l->count; i++) {
		free(l->n[i].name);
		free(l->n[i].value);
	}
	free(l->n);
	memset(l, 0, sizeof(*l));
}

static void write_nodes(struct store *s, const char *dir, const struct nodes *l)
{
	unsigned int i;

	for (i = 0; i < l->count; i++)
		store_put(s, dir, l->n[i].name, "%s", l->n[i].value);
}

int device_create(struct store *s, const struct device *d, const struct nodes *front,
	const struct nodes *back, struct error *e)
{
	bool console = !strcmp(d->kind, "console");
	int rc;

	do {
		store_begin(s);
		store_rm(s, d->front);
		store_rm(s, d->back);
		store_mkdir(s, d->front, console ? 0 : (int)d->domid, console ? (int)d->domid : 0);
		write_nodes(s, d->front, front);
		store_put(s, d->front, "backend", "%s", d->back);
		store_mkdir(s, d->back, 0, d->domid);
		store_put(s, d->back, "frontend", "%s", d->front);
		write_nodes(s, d->back, back);
		store_mkdir(s, d->record, 0, -1);
		store_put(s, d->record, "frontend", "%s", d->front);
		store_put(s, d->record, "backend", "%s", d->back);
		write_nodes(s, d->record, back);
		rc = store_commit(s);
	} while (rc == 1);
	return rc ? error_errno(e, ERR_FAIL, "cannot write %s to xenstore", d->back) : 0;
}

/* Where a back end says what went wrong, the kernel's as well as ours. */
static char *errors_of(const struct device *d)
{
	return xprintf("/local/domain/0/error/backend/%s/%u/%u", d->back_kind, d->domid, d->devid);
}

static bool ready(struct store *s, void *arg)
{
	const struct device *d = arg;

	long long state = store_read_number(s, 0, "%s/state", d->back);

	return state == XenbusStateInitWait || state == XenbusStateClosed;
}

int device_wait_ready(struct store *s, const struct device *d, const char *what, const char *module,
	struct error *e)
{
	int rc = store_wait(s, d->back, DEVICE_SECONDS * 1000, ready, (void *)d);
	char *why, *errors;

	if (!rc && store_read_number(s, 0, "%s/state", d->back) == XenbusStateInitWait)
		return 0;
	errors = errors_of(d);
	why = store_read(s, "%s/error", errors);
	free(errors);
	if (!rc)
		error_set(e, ERR_FAIL, "%s: its back end refused it%s%s", what, why ? ": " : "",
			why ? why : "");
	else
		error_set(e, ERR_TIMEOUT, "%s: no back end took it within %d s%s%s", what,
			DEVICE_SECONDS, why ? ": " : "", why ? why : "");
	if (module)
		error_advice(e, "modprobe %s", module);
	else if (rc)
		error_advice(e, "start vaned, which starts the back ends, or look into its log");
	free(why);
	return -1;
}

static bool closed(struct store *s, void *arg)
{
	const struct device *d = arg;
	long long state = store_read_number(s, XenbusStateClosed, "%s/state", d->back);

	return state == XenbusStateClosed;
}

bool device_close(struct store *s, const struct device *d)
{
	bool already;
	int rc;

	if (!store_exists(s, d->back))
		return true;
	do {
		store_begin(s);
		already = closed(s, (void *)d);
		store_put(s, d->back, "online", "0");
		/* A back end that has closed (its guest powered off) would not say so a second
		 * time. */
		if (!already)
			store_put(s, d->back, "state", "%d", XenbusStateClosing);
		/* One that sees its front end gone lets go at once. */
		store_rm(s, d->front);
		rc = store_commit(s);
	} while (rc == 1);
	if (rc || already)
		return !rc;
	return !store_wait(s, d->back, DEVICE_SECONDS * 1000, closed, (void *)d);
}

bool device_release(struct store *s, const struct device *d)
{
	long long front = store_read_number(s, XenbusStateClosed, "%s/state", d->front);
	int rc;

	if (front == XenbusStateInitialising || front == XenbusStateClosed)
		return true;
	do {
		store_begin(s);
		store_put(s, d->back, "online", "0");
		store_put(s, d->back, "state", "%d", XenbusStateClosing);
		rc = store_commit(s);
	} while (rc == 1);
	return !rc && !store_wait(s, d->back, DEVICE_SECONDS * 1000, closed, (void *)d);
}

void device_forget(struct store *s, const struct device *d)
{
	char *errors = errors_of(d);

	store_rm_up(s, errors, 3);
	free(errors);
	store_rm_up(s, d->front, 4);
	store_rm_up(s, d->back, 4);
	store_rm_up(s, d->record, 3);
}
