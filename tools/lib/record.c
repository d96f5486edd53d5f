/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of running guests: see record.h.
 */
#include "tools/lib/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lib/paths.h"

char *record_path(uint32_t domid, const uint8_t uuid[16], const char *name)
{
	char text[37];

	format_uuid(uuid, text);
	return xprintf("%s/userdata-d.%u.%s.%s", path_state, domid, text, name);
}

int record_write(uint32_t domid, const struct config *c, const char *path, const char *text)
{
	char *file = record_path(domid, c->uuid, "vane"),
	     *json_file = record_path(domid, c->uuid, "libxl-json");
	struct config_live live = { c->memory_kb, c->maxmem_kb, c->weight < 0 ? 256 : c->weight,
		c->cap < 0 ? 0 : c->cap };
	struct text t = { 0 };
	struct json j = { 0 };
	int rc;

	mkdir(path_state, 0755);
	text_add(&t, "# from %s\n%s\n", path, text);
	rc = file_replace(file, t.s, t.len);
	config_json(&j, NULL, c, &live);
	text_add(&j.out, "\n");
	/* libxl counts the final NUL as part of its file. */
	if (!rc)
		rc = file_replace(json_file, j.out.s, j.out.len + 1);
	text_free(&j.out);
	text_free(&t);
	free(file);
	free(json_file);
	return rc;
}

int record_read(uint32_t domid, const uint8_t uuid[16], struct config *c)
{
	char *file = record_path(domid, uuid, "vane");
	struct error e = { 0 };
	size_t len;
	char *text = file_read(file, 1 << 20, &len);
	int rc = text ? config_read(file, text, len, NULL, false, c, &e) : -1;

	free(text);
	free(file);
	return rc;
}

/* One device as a quoted string of the file format. */
static void add_spec(struct text *t, const char *spec)
{
	text_add(t, " \"");
	for (; *spec; spec++)
		text_add(t, *spec == '"' || *spec == '\\' ? "\\%c" : "%c", *spec);
	text_add(t, "\",");
}

int record_devices(uint32_t domid, const struct config *c)
{
	char *path = record_path(domid, c->uuid, "vane"), *text = file_read(path, 1 << 20, NULL),
	     *spec;
	struct text t = { 0 };
	unsigned int i;
	int rc = -1;

	if (text) {
		text_add(&t, "%s\ndisk = [", text);
		for (i = 0; i < c->ndisks; i++) {
			spec = disk_format(&c->disks[i]);
			add_spec(&t, spec);
			free(spec);
		}
		text_add(&t, " ]\nvif = [");
		for (i = 0; i < c->nnics; i++) {
			spec = nic_format(&c->nics[i]);
			add_spec(&t, spec);
			free(spec);
		}
		text_add(&t, " ]\n");
		rc = file_replace(path, t.s, t.len);
	}
	text_free(&t);
	free(text);
	free(path);
	return rc;
}

void record_remove(uint32_t domid)
{
	char prefix[40], path[400];
	DIR *dir = opendir(path_state);
	struct dirent *de;

	snprintf(prefix, sizeof(prefix), "userdata-d.%u.", domid);
	while (dir && (de = readdir(dir))) {
		if (strncmp(de->d_name, prefix, strlen(prefix)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", path_state, de->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}
