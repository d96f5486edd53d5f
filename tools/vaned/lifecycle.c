/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a guest, and its next life: see lifecycle.h. The new life is built from the record of
 * the old one, which is read before the old domain is taken down.
 */
#include "tools/vaned/lifecycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xen/sched.h>

#include "tools/build/create.h"
#include "tools/lib/guest.h"
#include "tools/lib/log.h"
#include "tools/lib/record.h"

#define POLL_US 200000

bool lifecycle_action(const struct config *c, unsigned int reason, enum action *a)
{
	switch (reason) {
	case SHUTDOWN_poweroff: *a = c->on_poweroff; return true;
	case SHUTDOWN_reboot: *a = c->on_reboot; return true;
	case SHUTDOWN_crash: *a = c->on_crash; return true;
	case SHUTDOWN_watchdog: *a = c->on_watchdog; return true;
	case SHUTDOWN_soft_reset: *a = ACTION_RESTART; return true;
	default: return false; /* suspend: whoever asked for it goes on */
	}
}

static int start_again(struct xen *x, struct store *s, const domain_info *d, const char *text,
	const char *path, uint32_t *next, struct error *e)
{
	struct config c;
	int rc;

	if (config_read(path, text, strlen(text), NULL, false, &c, e))
		return -1;
	rc = guest_create(x, s, &c, path, text, next, e);
	if (!rc && domain_unpause(x, *next))
		rc = error_errno(e, ERR_FAIL, "cannot unpause domain %u", *next);
	config_free(&c);
	return rc;
}

/* Give a domain a /vm directory of its own; the old one belongs to the guest's next life. */
static int move_vm(struct store *s, uint32_t domid, const uint8_t uuid[16], const char *name)
{
	char text[37], *vm, *started, *path = xprintf("/local/domain/%u/vm", domid);
	int rc;

	format_uuid(uuid, text);
	vm = xprintf("/vm/%s", text);
	do {
		store_begin(s);
		started = store_read(s, "/local/domain/%u/vm", domid);
		store_mkdir(s, vm, 0, domid);
		store_put(s, vm, "name", "%s", name);
		store_put(s, vm, "uuid", "%s", text);
		store_write(s, path, "%s", vm);
		if (started)
			store_rm(s, started);
		free(started);
		rc = store_commit(s);
	} while (rc == 1);
	free(path);
	free(vm);
	return rc;
}

/* The dead domain stays under another name and UUID, so that the guest can live on beside it. */
static int set_aside(
	struct xen *x, struct store *s, const domain_info *d, const char *name, struct error *e)
{
	char stamp[32], *aside;
	uint8_t uuid[16];
	time_t now = time(NULL);
	int rc;

	strftime(stamp, sizeof(stamp), "-%Y%m%dT%H%MZ", gmtime(&now));
	aside = xprintf("%s%s", name, stamp);
	memcpy(uuid, d->handle, sizeof(uuid));
	uuid[15] ^= d->domain;
	uuid[14] ^= 0xff;
	/* Its devices go to the next life. */
	guest_remove_devices(s, d->domain);
	rc = guest_rename(x, s, d->domain, aside, e);
	if (!rc && (domain_set_handle(x, d->domain, uuid) || move_vm(s, d->domain, uuid, aside)))
		rc = error_errno(e, ERR_FAIL, "cannot set domain %u aside", d->domain);
	free(aside);
	return rc;
}

static const char *reason_name(unsigned int reason)
{
	static const char *const names[] = { "power-off", "reboot", "suspend", "crash", "watchdog",
		"soft reset" };

	return reason < 6 ? names[reason] : "unknown";
}

static int carry_out(struct xen *x, struct store *s, const domain_info *d, enum action a,
	const struct config *c, uint32_t *next, struct error *e)
{
	char *path = record_path(d->domain, d->handle, "vane"),
	     *text = file_read(path, 1 << 20, NULL);
	int rc = 0;

	if (a == ACTION_COREDUMP_DESTROY || a == ACTION_COREDUMP_RESTART)
		log_line(LOG_WARN, "warning: domain %u: core dumps are not written", d->domain);
	if (a == ACTION_RENAME_RESTART)
		rc = set_aside(x, s, d, c->name, e);
	else
		rc = guest_destroy(x, s, d->domain, e);
	if (!rc && a != ACTION_DESTROY && a != ACTION_COREDUMP_DESTROY)
		rc = text ? start_again(x, s, d, text, path, next, e)
			  : error_set(e, ERR_FAIL, "the record %s is gone", path);
	free(text);
	free(path);
	return rc;
}

int lifecycle_end(
	struct xen *x, struct store *s, const domain_info *d, uint32_t *next, struct error *e)
{
	unsigned int reason = domain_shutdown_reason(d);
	struct config c;
	enum action a;
	int rc = 0;

	*next = d->domain;
	if (record_read(d->domain, d->handle, &c))
		return 0;
	if (lifecycle_action(&c, reason, &a) && a != ACTION_PRESERVE) {
		*next = 0;
		log_line(LOG_INFO, "domain %u (%s): %s: %s", d->domain, c.name, reason_name(reason),
			action_name(a));
		rc = carry_out(x, s, d, a, &c, next, e);
	}
	config_free(&c);
	return rc;
}

int lifecycle_follow(struct xen *x, struct store *s, uint32_t domid)
{
	struct error e = { 0 };
	domain_info d;
	uint32_t next;

	for (;;) {
		if (domain_get(x, domid, &d))
			return 0;
		if (!domain_is_shutdown(&d) || domain_is_dying(&d)) {
			usleep(POLL_US);
			continue;
		}
		if (lifecycle_end(x, s, &d, &next, &e)) {
			error_print(&e);
			return 1;
		}
		if (!next || next == domid)
			return 0;
		domid = next;
	}
}
