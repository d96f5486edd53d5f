/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane destroy, shutdown, reboot, pause, unpause, rename, sysrq: commands that change what a domain
 * does.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/log.h"
#include "tools/lib/text.h"
#include "tools/vane/vane.h"

int cmd_destroy(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	bool force = v->force;
	uint32_t domid;
	int opt, rc;

	while ((opt = getopt(argc, argv, "fh")) != -1) {
		if (opt != 'f')
			return vane_usage(v, "destroy");
		force = true;
	}
	if (optind >= argc)
		return vane_usage(v, "destroy");
	rc = vane_domain(v, argv[optind], &domid);
	if (rc)
		return rc;
	if (!domid && !force) {
		fprintf(stderr, "Not destroying domain 0; use -f to force.\n"
				"This can only be done when using a disaggregated "
				"hardware domain and toolstack.\n\n");
		return 1;
	}
	return guest_destroy(&v->x, &v->s, domid, &e) ? vane_fail(v, &e) : 0;
}

/* Wait until each of the domains has gone or has stopped (until destroyed: thorough). */
static void wait_for(struct vane *v, const domain_info *list, int n, bool thorough)
{
	domain_info d;
	int i, left;

	do {
		left = 0;
		for (i = 0; i < n; i++)
			if (!domain_get(&v->x, list[i].domain, &d) &&
				!memcmp(d.handle, list[i].handle, sizeof(d.handle)) &&
				(thorough || !domain_is_shutdown(&d)))
				left++;
		if (left) {
			progress("waiting for %d domain%s", left, left > 1 ? "s" : "");
			usleep(100000);
		}
	} while (left);
	progress_end();
}

static int ask_one(struct vane *v, uint32_t domid, const char *what)
{
	struct error e = { 0 };

	if (v->as_xl)
		fprintf(stderr,
			!strcmp(what, "reboot") ? "Rebooting domain %u\n"
						: "Shutting down domain %u\n",
			domid);
	return guest_request(&v->s, domid, what, &e) ? vane_fail(v, &e) : 0;
}

static int ask(struct vane *v, int argc, char **argv, const char *what)
{
	static const struct option longs[] = { { "all", no_argument, NULL, 'a' },
		{ "wait", no_argument, NULL, 'w' }, { NULL, 0, NULL, 0 } };
	bool all = false;
	int opt, wait = 0, n, i, kept = 0, status, rc = 0;
	domain_info *list;

	while ((opt = getopt_long(argc, argv, "awFh", longs, NULL)) != -1) {
		if (opt == 'a')
			all = true;
		else if (opt == 'w')
			wait++;
		else if (opt != 'F')
			return vane_usage(v, argv[0]);
	}
	if (all == (optind < argc)) {
		fprintf(stderr, "You must specify -a or a domain id.\n\n");
		return v->as_xl ? 1 : 2;
	}
	list = vane_domains(v, argc, argv, all ? argc : optind, &n, &status);
	if (!list)
		return status;
	for (i = 0; i < n; i++)
		if (list[i].domain || !all) {
			rc = ask_one(v, list[i].domain, what) ? 1 : rc;
			list[kept++] = list[i];
		}
	if (wait && !rc)
		wait_for(v, list, kept, wait > 1 || !strcmp(what, "reboot"));
	free(list);
	return rc;
}

int cmd_shutdown(struct vane *v, int argc, char **argv)
{
	return ask(v, argc, argv, "poweroff");
}

int cmd_reboot(struct vane *v, int argc, char **argv)
{
	return ask(v, argc, argv, "reboot");
}

static int on_domain(
	struct vane *v, const char *who, int (*fn)(struct xen *x, uint32_t domid), const char *verb)
{
	struct error e = { 0 };
	uint32_t domid;
	int rc = vane_domain(v, who, &domid);

	if (rc)
		return rc;
	if (!fn(&v->x, domid))
		return 0;
	error_errno(&e, ERR_FAIL, "cannot %s domain %u", verb, domid);
	return vane_fail(v, &e);
}

int cmd_pause(struct vane *v, int argc, char **argv)
{
	return on_domain(v, argv[1], domain_pause, "pause");
}

int cmd_unpause(struct vane *v, int argc, char **argv)
{
	return on_domain(v, argv[1], domain_unpause, "unpause");
}

int cmd_rename(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	uint32_t domid;
	int rc = vane_domain(v, argv[1], &domid);

	if (rc)
		return rc;
	return guest_rename(&v->x, &v->s, domid, argv[2], &e) ? vane_fail(v, &e) : 0;
}

int cmd_sysrq(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	uint32_t domid;
	char *path;
	int rc = vane_domain(v, argv[1], &domid);

	if (rc)
		return rc;
	if (!argv[2][0] || argv[2][1]) {
		fprintf(stderr, "Invalid sysrq.\n\n");
		return vane_usage(v, "sysrq");
	}
	path = xprintf("/local/domain/%u/control/sysrq", domid);
	v->s.failed = 0;
	store_write(&v->s, path, "%s", argv[2]);
	free(path);
	if (!v->s.failed)
		return 0;
	errno = v->s.failed;
	error_errno(&e, ERR_FAIL, "cannot send a sysrq to domain %u", domid);
	return vane_fail(v, &e);
}
