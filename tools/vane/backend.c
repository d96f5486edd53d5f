/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane backend, block-resize, block-limit: the back ends in user space (docs/backends.md).
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lib/backend_client.h"
#include "tools/lib/backend_source.h"
#include "tools/lib/device.h"
#include "tools/lib/units.h"
#include "tools/vane/vane.h"

static const char *const programs[] = { "blkback", "netback" };
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static int list(struct vane *v)
{
	DIR *d = opendir(BACKEND_DIR);
	struct dirent *f;
	char program[16];
	uint32_t domid;
	char *name;
	int end;

	printf("%-10s %5s %7s  %s\n", "Program", "ID", "Process", "Name");
	while (d && (f = readdir(d))) {
		end = 0;
		if (sscanf(f->d_name, "%15[a-z]-%u.sock%n", program, &domid, &end) != 2 || !end)
			continue;
		name = vane_name(v, domid);
		printf("%-10s %5u %7d  %s\n", program, domid, backend_pid(program, domid), name);
		free(name);
	}
	if (d)
		closedir(d);
	return 0;
}

static int restart(struct vane *v, const char *who)
{
	struct error e = { 0 };
	bool any = false;
	uint32_t domid;
	size_t i;
	int rc = vane_domain(v, who, &domid);

	if (rc)
		return rc;
	for (i = 0; i < PROGRAMS && !e.kind; i++) {
		if (!backend_pid(programs[i], domid))
			continue;
		any = true;
		backend_restart(programs[i], domid, &e);
	}
	if (!any)
		error_set(&e, ERR_NOTFOUND, "domain %u has no back ends in user space", domid);
	return e.kind ? vane_fail(v, &e) : 0;
}

int cmd_backend(struct vane *v, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list(v);
	if (argc == 3 && !strcmp(argv[1], "restart"))
		return restart(v, argv[2]);
	return vane_usage(v, "backend");
}

/* A disk that blkback serves. */
static int find_disk(struct vane *v, char **argv, struct device *d, struct error *e)
{
	uint32_t domid, number;
	int rc = vane_domain(v, argv[1], &domid);

	if (rc)
		return rc;
	if (parse_vdev(argv[2], &number) ||
		(*d = device_find(&v->s, domid, "vbd", number), !store_exists(&v->s, d->record)))
		error_set(e, ERR_NOTFOUND, "domain %u has no disk %s", domid, argv[2]);
	else if (strcmp(d->back_kind, "uvbd") != 0)
		error_set(e, ERR_VALUE, "disk %s of domain %u is served by the kernel", argv[2],
			domid);
	return e->kind ? vane_fail(v, e) : 0;
}

/* Say something to a disk of blkback's and print the answer. */
static int tell(struct vane *v, const struct device *d, const char *words, struct error *e)
{
	char *line = xprintf("device %u %s", d->devid, words);
	struct text t = { 0 };
	int rc = backend_say("blkback", d->domid, line, &t, e);

	if (!rc && strcmp(t.s, "ok\n") != 0)
		printf("%s", t.s);
	text_free(&t);
	free(line);
	return rc;
}

/* Make the file behind a disk larger; a disk that shrinks under its guest loses data. */
static int grow(struct vane *v, const struct device *d, const char *size, struct error *e)
{
	char *path = store_read(&v->s, "%s/params", d->back);
	struct stat st;
	uint64_t kb;
	int rc = 0;

	if (parse_memory_kb(size, &kb))
		rc = error_set(e, ERR_VALUE, "'%s' is no size", size);
	else if (!path || stat(path, &st) || !S_ISREG(st.st_mode))
		rc = error_set(e, ERR_VALUE,
			"%s is no file: resize what it is, then leave the size out",
			path ? path : "it");
	else if (kb << 10 < (uint64_t)st.st_size && !v->force)
		rc = error_set(e, ERR_VALUE, "%s has %lld KiB already; -f makes it smaller", path,
			(long long)st.st_size >> 10);
	else if (truncate(path, kb << 10))
		rc = error_errno(e, ERR_FAIL, "%s", path);
	free(path);
	return rc;
}

int cmd_block_resize(struct vane *v, int argc, char **argv)
{
	struct error e = { 0 };
	struct device d;
	int rc = find_disk(v, argv, &d, &e);

	if (rc)
		return rc;
	if (argc > 4)
		return vane_usage(v, "block-resize");
	if ((argc > 3 && grow(v, &d, argv[3], &e)) || tell(v, &d, "resize", &e))
		return vane_fail(v, &e);
	return 0;
}

int cmd_block_limit(struct vane *v, int argc, char **argv)
{
	unsigned long long iops, bps;
	struct error e = { 0 };
	struct device d;
	char *words, end;
	int rc = find_disk(v, argv, &d, &e), i;

	if (rc)
		return rc;
	iops = store_read_number(&v->s, 0, "%s/iops", d.back);
	bps = store_read_number(&v->s, 0, "%s/bps", d.back);
	for (i = 3; i < argc; i++)
		if (sscanf(argv[i], "iops=%llu%c", &iops, &end) != 1 &&
			sscanf(argv[i], "bps=%llu%c", &bps, &end) != 1)
			return vane_usage(v, "block-limit");
	/* For the process that comes after this one. */
	store_put(&v->s, d.back, "iops", "%llu", iops);
	store_put(&v->s, d.back, "bps", "%llu", bps);
	words = xprintf("limit iops=%llu bps=%llu", iops, bps);
	rc = tell(v, &d, words, &e);
	free(words);
	return rc ? vane_fail(v, &e) : 0;
}
