/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests: see guest.h.
 */
#include "tools/lib/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/disk.h"
#include "tools/lib/names.h"
#include "tools/lib/nic.h"
#include "tools/lib/paths.h"
#include "tools/lib/record.h"
#include "tools/lib/text.h"

#define GONE_MS 10000

char *guest_name(struct store *s, uint32_t domid)
{
	return store_read(s, "/local/domain/%u/name", domid);
}

int guest_find_name(struct xen *x, struct store *s, const char *name, uint32_t *domid)
{
	domain_info *all;
	int n = domain_list_all(x, &all), i, rc = -1;
	struct names names;
	bool told = !names_read(s, &names);
	const char *its;
	char *read;

	for (i = 0; i < n && rc; i++) {
		read = told ? NULL : guest_name(s, all[i].domain);
		its = told ? names_get(&names, all[i].domain) : read;
		if (its && !strcmp(its, name)) {
			*domid = all[i].domain;
			rc = 0;
		}
		free(read);
	}
	names_free(&names);
	if (n >= 0)
		free(all);
	return rc;
}

int guest_find(struct xen *x, struct store *s, const char *who, uint32_t *domid, struct error *e)
{
	unsigned long id;
	domain_info d;
	char *end;

	id = strtoul(who, &end, 10);
	if (*who >= '0' && *who <= '9' && !*end) {
		if (id < DOMID_FIRST_RESERVED && !domain_get(x, id, &d)) {
			*domid = id;
			return 0;
		}
	} else if (!guest_find_name(x, s, who, domid)) {
		return 0;
	}
	error_set(e, ERR_NOTFOUND, "no domain is called \"%s\"", who);
	error_advice(e, "vane list");
	return -1;
}

int guest_request(struct store *s, uint32_t domid, const char *what, struct error *e)
{
	char *path = xprintf("/local/domain/%u/control/shutdown", domid);

	s->failed = 0;
	store_write(s, path, "%s", what);
	free(path);
	if (!s->failed)
		return 0;
	errno = s->failed;
	s->failed = 0;
	return error_errno(e, ERR_FAIL, "cannot ask domain %u to %s", domid, what);
}

int guest_rename(struct xen *x, struct store *s, uint32_t domid, const char *name, struct error *e)
{
	char *path = xprintf("/local/domain/%u/name", domid), *vm = NULL;
	uint32_t other;
	int lock = guest_lock(), rc;

	if (!guest_find_name(x, s, name, &other) && other != domid) {
		rc = error_set(e, ERR_BUSY, "domain %u is already called \"%s\"", other, name);
	} else {
		do {
			store_begin(s);
			free(vm);
			vm = store_read(s, "/local/domain/%u/vm", domid);
			store_write(s, path, "%s", name);
			if (vm)
				store_put(s, vm, "name", "%s", name);
			rc = store_commit(s);
		} while (rc == 1);
		if (rc)
			error_errno(e, ERR_FAIL, "cannot rename domain %u", domid);
	}
	free(vm);
	free(path);
	if (lock >= 0)
		close(lock);
	return rc;
}

static void each_device(struct store *s, uint32_t domid, const char *kind,
	void (*detach)(struct store *s, uint32_t domid, uint32_t devid))
{
	unsigned int n, i;
	char **ids = store_list(s, &n, "/libxl/%u/device/%s", domid, kind);

	for (i = 0; i < n; i++)
		detach(s, domid, strtoul(ids[i], NULL, 10));
	free(ids);
}

static void console_detach(struct store *s, uint32_t domid, uint32_t devid)
{
	struct device d = device_of(domid, "console", devid);

	store_rm_up(s, d.back, 4);
	store_rm_up(s, d.record, 3);
}

void guest_remove_devices(struct store *s, uint32_t domid)
{
	each_device(s, domid, "vbd", disk_detach);
	each_device(s, domid, "vif", nic_detach);
	each_device(s, domid, "console", console_detach);
}

void guest_forget(struct store *s, uint32_t domid)
{
	char *vm = store_read(s, "/local/domain/%u/vm", domid),
	     *domain = xprintf("/local/domain/%u", domid);
	char *ours = xprintf("/libxl/%u", domid);

	if (vm)
		store_rm(s, vm);
	store_rm(s, domain);
	store_rm(s, ours);
	record_remove(domid);
	s->failed = 0;
	free(ours);
	free(domain);
	free(vm);
}

/* A domain that still has pages mapped somewhere stays as a shell for a moment; wait for the usual
 * quick end. */
static void wait_gone(struct xen *x, uint32_t domid)
{
	struct timespec pause = { 0, 10 * 1000000 };
	domain_info d;
	int i;

	for (i = 0; i < GONE_MS / 10 && !domain_get(x, domid, &d); i++)
		nanosleep(&pause, NULL);
}

int guest_destroy(struct xen *x, struct store *s, uint32_t domid, struct error *e)
{
	domain_info d;
	int rc = 0;

	if (!domain_get(x, domid, &d)) {
		domain_pause(x, domid);
		guest_remove_devices(s, domid);
		rc = domain_destroy(x, domid);
		if (rc && errno == ESRCH)
			rc = 0;
		if (rc)
			return error_errno(
				e, ERR_FAIL, "the hypervisor does not destroy domain %u", domid);
		wait_gone(x, domid);
	} else {
		guest_remove_devices(s, domid);
	}
	guest_forget(s, domid);
	return 0;
}

int guest_lock(void)
{
	int fd = open(path_lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	return fd;
}
