/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats of disk images and NBD URIs, and how qemu-storage-daemon is told of them: the pure part
 * of diskimage.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/diskimage.h"
#include "tools/lib/json.h"

static const struct {
	const char *format, *driver;
} drivers[] = {
	{ "qcow2", "qcow2" },
	{ "qcow", "qcow" },
	{ "qed", "qed" },
	{ "vhd", "vpc" },
	{ "vpc", "vpc" },
	{ "vhdx", "vhdx" },
	{ "vmdk", "vmdk" },
	{ "vdi", "vdi" },
};

const char *diskimage_driver(const char *format)
{
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(drivers[i].format, format))
			return drivers[i].driver;
	return NULL;
}

bool diskimage_is_nbd(const char *target)
{
	return !strncmp(target, "nbd://", 6) || !strncmp(target, "nbd+unix://", 11);
}

bool diskimage_is(const struct disk_config *d)
{
	return d->format || diskimage_is_nbd(d->path);
}

const char *diskimage_server(const struct disk_config *d)
{
	return d->format ? DISKIMAGE_QEMU : DISKIMAGE_NBD;
}

static void common(struct json *j, const char *driver, const char *node, bool readwrite)
{
	json_open(j, NULL, '{');
	json_string(j, "driver", driver);
	json_string(j, "node-name", node);
	if (!readwrite)
		json_bool(j, "read-only", true);
	json_string(j, "discard", "unmap");
}

/* What a URI names; socket or host and port are NULL. */
struct nbd {
	char *socket, *host, *port, *export;
};

static int nbd_split(const char *uri, struct nbd *n)
{
	bool unix_socket = !strncmp(uri, "nbd+unix://", 11);
	const char *rest = uri + (unix_socket ? 11 : 6), *socket = strstr(rest, "?socket=");
	size_t host = strcspn(rest, ":/?"), end = strcspn(rest, "/?");

	memset(n, 0, sizeof(*n));
	if (unix_socket ? !socket || !socket[8] || host : !host || rest[end] == '?')
		return -1;
	if (unix_socket) {
		n->socket = xstrdup(socket + 8);
	} else {
		n->host = xprintf("%.*s", (int)host, rest);
		n->port = end > host + 1 ? xprintf("%.*s", (int)(end - host - 1), rest + host + 1)
					 : xstrdup("10809");
	}
	if (rest[end] == '/')
		end++;
	n->export = xprintf("%.*s", (int)strcspn(rest + end, "?"), rest + end);
	return 0;
}

static void nbd_free(struct nbd *n)
{
	free(n->socket);
	free(n->host);
	free(n->port);
	free(n->export);
}

char *diskimage_nbd_name(const char *uri)
{
	struct nbd n;
	char *name, *p;

	if (nbd_split(uri, &n))
		return xstrdup(uri);
	for (p = n.host; p && *p; p++)
		*p = tolower((unsigned char)*p);
	name = n.socket ? xprintf("nbd+unix:///%s?socket=%s", n.export, n.socket)
			: xprintf("nbd://%s:%s/%s", n.host, n.port, n.export);
	nbd_free(&n);
	return name;
}

/* Into "server" and "export". */
static int nbd_server(struct json *j, const char *uri, struct error *e)
{
	struct nbd n;

	if (nbd_split(uri, &n))
		return error_set(e, ERR_CONFIG,
			"'%s' is neither nbd://host:port/export nor nbd+unix:///export?socket=path",
			uri);
	json_open(j, "server", '{');
	json_string(j, "type", n.socket ? "unix" : "inet");
	if (n.socket) {
		json_string(j, "path", n.socket);
	} else {
		json_string(j, "host", n.host);
		json_string(j, "port", n.port);
	}
	json_close(j, '}');
	json_string(j, "export", n.export);
	nbd_free(&n);
	return 0;
}

int diskimage_blockdevs(
	const struct disk_config *d, char **protocol, char **format, struct error *e)
{
	bool nbd = diskimage_is_nbd(d->path);
	struct json p = { .first = true }, f = { .first = true };

	common(&p, nbd ? "nbd" : "file", "protocol", d->readwrite);
	if (!nbd)
		json_string(&p, "filename", d->path);
	else if (nbd_server(&p, d->path, e)) {
		text_free(&p.out);
		return -1;
	}
	/* Past the host's page cache: what the guest has flushed is on the disk. */
	json_open(&p, "cache", '{');
	json_bool(&p, "direct", !nbd);
	json_close(&p, '}');
	json_close(&p, '}');
	common(&f, d->format ? diskimage_driver(d->format) : "raw", "disk", d->readwrite);
	json_string(&f, "file", "protocol");
	json_close(&f, '}');
	*protocol = p.out.s;
	*format = f.out.s;
	return 0;
}
