/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk syntax of xl.cfg: "target,format,vdev,access" by position, key=value in any place,
 * "target=" taking the rest of the string, and the old prefixes ("phy:", "file:", ...). Pure. The
 * syntax is in xl-disk-configuration(5).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/config.h"
#include "tools/lib/diskimage.h"

struct spec {
	struct disk_config *d;
	char *why;
	size_t size;
	unsigned int position; /* next positional parameter: target, format, vdev, access */
	bool format_set, access_set;
};

static int bad(struct spec *s, const char *fmt, const char *value)
{
	snprintf(s->why, s->size, fmt, value);
	return -1;
}

static int set_format(struct spec *s, const char *v)
{
	s->format_set = true;
	free(s->d->format);
	s->d->format = NULL;
	if (!strcmp(v, "raw") || !*v)
		return 0;
	if (diskimage_driver(v)) {
		s->d->format = xstrdup(v);
		return 0;
	}
	return bad(s, "unknown format '%.100s'", v);
}

static int set_vdev(struct spec *s, const char *v)
{
	char *colon;

	free(s->d->vdev);
	s->d->vdev = xstrdup(v);
	colon = strchr(s->d->vdev, ':');
	if (colon) {
		*colon = 0;
		if (!strcmp(colon + 1, "cdrom"))
			s->d->cdrom = s->d->removable = true;
		else if (strcmp(colon + 1, "disk"))
			return bad(s, "unknown device type in '%.100s'", v);
	}
	if (parse_vdev(s->d->vdev, &s->d->number))
		return bad(s, "'%.100s' is no virtual disk name (xvda, xvda1, sdb, hdc, ...)", v);
	return 0;
}

static int set_access(struct spec *s, const char *v)
{
	s->access_set = true;
	s->d->unchecked = false;
	if (!strcmp(v, "r") || !strcmp(v, "ro"))
		s->d->readwrite = false;
	else if (!strcmp(v, "w") || !strcmp(v, "rw") || !*v)
		s->d->readwrite = true;
	else if (!strcmp(v, "w!") || !strcmp(v, "rw!"))
		s->d->readwrite = s->d->unchecked = true;
	else
		return bad(s, "access '%.100s' is neither r nor w", v);
	return 0;
}

static int set_backendtype(struct spec *s, const char *v)
{
	if (!strcmp(v, "phy"))
		s->d->backend = BACKEND_KERNEL;
	else if (!strcmp(v, "user") || !strcmp(v, "qdisk")) /* xl's word for a process */
		s->d->backend = BACKEND_USER;
	else if (strcmp(v, "tap") && strcmp(v, "standalone"))
		return bad(s, "unknown backendtype '%.100s'", v);
	else
		return bad(s, "backendtype %.100s is not supported; phy, user and qdisk are", v);
	return 0;
}

/* Only domain 0 serves devices here. */
static int check_backend(struct spec *s, const char *v)
{
	if (!strcmp(v, "0") || !strcmp(v, "Domain-0"))
		return 0;
	return bad(s, "backend '%.100s': only the control domain (0) can serve devices", v);
}

static int set_key(struct spec *s, const char *key, const char *v)
{
	if (!strcmp(key, "format"))
		return set_format(s, v);
	if (!strcmp(key, "vdev"))
		return set_vdev(s, v);
	if (!strcmp(key, "access"))
		return set_access(s, v);
	if (!strcmp(key, "backendtype"))
		return set_backendtype(s, v);
	if (!strcmp(key, "script")) {
		free(s->d->script);
		s->d->script = xstrdup(v);
		return 0;
	}
	if (!strcmp(key, "backend"))
		return check_backend(s, v);
	if (!strcmp(key, "devtype")) {
		s->d->cdrom = s->d->removable = !strcmp(v, "cdrom");
		return s->d->cdrom || !strcmp(v, "disk") ? 0
							 : bad(s, "unknown devtype '%.100s'", v);
	}
	if (!strcmp(key, "specification"))
		return strcmp(v, "xen") ? bad(s, "specification %.100s is not supported; xen is", v)
					: 0;
	return bad(s, "unknown parameter '%.100s'", key);
}

/* Words without a value. 1: taken, 0: not one of them. */
static int set_flag(struct spec *s, const char *w)
{
	struct disk_config *d = s->d;

	if (!strcmp(w, "cdrom")) {
		d->cdrom = d->removable = true;
	} else if (!strcmp(w, "discard") || !strcmp(w, "no-discard")) {
		d->discard = *w == 'd';
		d->discard_set = true;
	} else if (!strcmp(w, "direct-io-safe")) {
		d->direct_io_safe = true;
	} else if (strcmp(w, "trusted") && strcmp(w, "untrusted")) {
		return 0;
	}
	return 1;
}

static int set_positional(struct spec *s, const char *w)
{
	if (s->position == 1 && s->format_set)
		s->position++;
	switch (s->position++) {
	case 0:
		free(s->d->path);
		s->d->path = xstrdup(w);
		return 0;
	case 1: return set_format(s, w);
	case 2: return set_vdev(s, w);
	case 3: return set_access(s, w);
	default: return bad(s, "'%.100s' is one parameter too many", w);
	}
}

/* The old prefixes name a format or a hotplug script. */
static int strip_prefix(struct spec *s, const char **spec)
{
	static const struct {
		const char *prefix, *script;
	} old[] = {
		{ "phy:", NULL },
		{ "file:", NULL },
		{ "raw:", NULL },
		{ "aio:", NULL },
		{ "tap:aio:", NULL },
		{ "tap2:aio:", NULL },
		{ "drbd:", "block-drbd" },
		{ "nbd:", "block-nbd" },
		{ "enbd:", "block-enbd" },
		{ "iscsi:", "block-iscsi" },
		{ "npiv:", "block-npiv" },
	};
	static const struct {
		const char *prefix, *format;
	} images[] = {
		{ "qcow2:", "qcow2" },
		{ "qcow:", "qcow" },
		{ "vhd:", "vhd" },
		{ "qed:", "qed" },
		{ "vmdk:", "vmdk" },
		{ "vdi:", "vdi" },
		{ "tap:qcow2:", "qcow2" },
		{ "tap:vhd:", "vhd" },
	};
	size_t i;

	for (i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		if (strncmp(*spec, images[i].prefix, strlen(images[i].prefix)))
			continue;
		*spec += strlen(images[i].prefix);
		s->format_set = true;
		return set_format(s, images[i].format);
	}
	/* A URI, and not the old prefix of a script. */
	if (diskimage_is_nbd(*spec))
		return 0;
	for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		if (strncmp(*spec, old[i].prefix, strlen(old[i].prefix)))
			continue;
		*spec += strlen(old[i].prefix);
		s->format_set = true;
		s->d->phy = !strcmp(old[i].prefix, "phy:");
		s->d->script = xstrdup(old[i].script);
		return 0;
	}
	return 0;
}

/* One part between commas, blanks around it taken off. */
static int one_part(struct spec *s, char *w)
{
	size_t n;
	char *eq;

	while (isspace((unsigned char)*w))
		w++;
	for (n = strlen(w); n && isspace((unsigned char)w[n - 1]); n--)
		w[n - 1] = 0;
	eq = strchr(w, '=');
	if (eq && eq != w && w[strspn(w, "abcdefghijklmnopqrstuvwxyz-")] == '=') {
		*eq = 0;
		return set_key(s, w, eq + 1);
	}
	if (set_flag(s, w))
		return 0;
	return set_positional(s, w);
}

int disk_parse(const char *spec, struct disk_config *d, char *why, size_t size)
{
	struct spec s = { .d = d, .why = why, .size = size };
	char *part;
	size_t n;
	int rc;

	d->readwrite = d->discard = true;
	if (strip_prefix(&s, &spec))
		return -1;
	for (;;) {
		spec += strspn(spec, " \t");
		if (!strncmp(spec, "target=", 7)) {
			free(d->path);
			d->path = xstrdup(spec + 7);
			break;
		}
		n = strcspn(spec, ",");
		part = xprintf("%.*s", (int)n, spec);
		rc = one_part(&s, part);
		free(part);
		if (rc)
			return -1;
		if (!spec[n])
			break;
		spec += n + 1;
	}
	if (!d->vdev)
		return bad(&s, "no vdev is given%s", "");
	if (!d->path)
		d->path = xstrdup("");
	if (d->cdrom && !s.access_set)
		d->readwrite = false;
	if (!d->path[0] && !d->cdrom)
		return bad(&s, "no target is given%s", "");
	if (d->path[0] && d->path[0] != '/' && d->phy && !d->script) {
		/* "phy:vg/lv" means below /dev. */
		part = xprintf("/dev/%s", d->path);
		free(d->path);
		d->path = part;
	}
	if (d->path[0] && d->path[0] != '/' && !d->script && !diskimage_is_nbd(d->path))
		return bad(&s, "target '%.100s' is not an absolute path", d->path);
	return 0;
}

char *disk_format(const struct disk_config *d)
{
	struct text t = { 0 };

	text_add(&t, "format=%s,vdev=%s,access=%s", d->format ? d->format : "raw", d->vdev,
		d->unchecked   ? "w!"
		: d->readwrite ? "rw"
			       : "ro");
	if (d->cdrom)
		text_add(&t, ",devtype=cdrom");
	if (d->backend != BACKEND_DEFAULT)
		text_add(&t, ",backendtype=%s", d->backend == BACKEND_USER ? "user" : "phy");
	if (d->discard_set)
		text_add(&t, d->discard ? ",discard" : ",no-discard");
	if (d->direct_io_safe)
		text_add(&t, ",direct-io-safe");
	if (d->script)
		text_add(&t, ",script=%s", d->script);
	text_add(&t, ",target=%s", d->path);
	return t.s;
}

void disk_config_free(struct disk_config *d)
{
	free(d->path);
	free(d->format);
	free(d->vdev);
	free(d->script);
	memset(d, 0, sizeof(*d));
}
