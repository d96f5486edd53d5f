/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane create: read the configuration, make the guest, hand it over to vaned.
 */
#include "tools/build/create.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/config.h"
#include "tools/lib/log.h"
#include "tools/vane/vane.h"
#include "tools/vaned/handover.h"
#include "tools/vaned/lifecycle.h"

#define CONFIG_MAX (1 << 20)

struct create_options {
	const char *file;
	bool console, foreground, no_daemon, paused, quiet, dry_run, strict;
	struct text arguments; /* key=value, one a line */
};

static int parse_options(struct vane *v, int argc, char **argv, struct create_options *o)
{
	static const struct option longs[] = {
		{ "defconfig", required_argument, NULL, 'f' },
		{ "dryrun", no_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "strict", no_argument, NULL, 1 },
		{ "ignore-global-affinity-masks", no_argument, NULL, 2 },
		{ "vncviewer", no_argument, NULL, 'V' },
		{ "vncviewer-autopass", no_argument, NULL, 'A' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "Fcdef:npqVAh", longs, NULL)) != -1) {
		switch (opt) {
		case 'F': o->foreground = true; break;
		case 'c': o->console = true; break;
		case 'd': log_open(LOG_DBG, false); break;
		case 'e': o->no_daemon = true; break;
		case 'f': o->file = optarg; break;
		case 'n': o->dry_run = true; break;
		case 'p': o->paused = true; break;
		case 'q':
			o->quiet = true;
			log_open(LOG_WARN, false);
			break;
		case 1: o->strict = true; break;
		case 2:
		case 'V':
		case 'A': break;
		default: return vane_usage(v, "create");
		}
	}
	for (; optind < argc; optind++) {
		if (strchr(argv[optind], '='))
			text_add(&o->arguments, "%s\n", argv[optind]);
		else if (!o->file)
			o->file = argv[optind];
		else
			return vane_usage(v, "create");
	}
	return 0;
}

/* xl's names for what is wrong with the file itself. */
static char *read_file(struct vane *v, struct create_options *o, size_t *len, int *status)
{
	char *text;

	if (!o->file) {
		fprintf(stderr, "Config file not specified and none in save file\n");
		*status = v->as_xl ? 6 : 2;
		return NULL;
	}
	text = file_read(o->file, CONFIG_MAX, len);
	if (!text) {
		fprintf(stderr, "Failed to read config file: %s: %s\n", o->file, strerror(errno));
		*status = v->as_xl ? 3 : 6;
	} else if (!o->quiet) {
		fprintf(stderr, "Parsing config from %s\n", o->file);
	}
	return text;
}

static void print_json(const struct config *c)
{
	struct json j = { 0 };

	config_json(&j, NULL, c, NULL);
	printf("%s\n", j.out.s);
	text_free(&j.out);
}

static int start(struct vane *v, const struct create_options *o, uint32_t domid)
{
	struct error e = { 0 };

	if (!o->foreground && !o->no_daemon && handover(domid, &e)) {
		log_line(LOG_WARN,
			"warning: vaned does not answer (%s): on_poweroff, on_reboot "
			"and on_crash will not be carried "
			"out until it runs; try: systemctl start vaned",
			e.what);
		error_clear(&e);
	}
	if (o->console)
		return console_attach(v, domid, !o->paused);
	if (!o->paused && domain_unpause(&v->x, domid)) {
		error_errno(&e, ERR_FAIL, "cannot unpause domain %u", domid);
		return vane_fail(v, &e);
	}
	return 0;
}

static int create(struct vane *v, struct create_options *o, struct config *c, const char *text)
{
	struct error e = { 0 };
	struct text whole = { 0 };
	uint32_t domid;
	int rc;

	rc = vane_open(v);
	if (rc)
		return rc;
	text_add(&whole, "%s\n%s", text, o->arguments.s ? o->arguments.s : "");
	rc = guest_create(&v->x, &v->s, c, o->file, whole.s, &domid, &e);
	text_free(&whole);
	if (rc)
		return vane_fail(v, &e);
	rc = start(v, o, domid);
	if (!rc && o->foreground && !o->paused)
		rc = lifecycle_follow(&v->x, &v->s, domid);
	return rc;
}

int cmd_create(struct vane *v, int argc, char **argv)
{
	struct create_options o = { .dry_run = v->dry_run };
	struct error e = { 0 };
	struct config c;
	size_t len;
	char *text = NULL;
	int rc = parse_options(v, argc, argv, &o);

	if (!rc)
		text = read_file(v, &o, &len, &rc);
	if (rc)
		goto out;
	if (config_read(o.file, text, len, o.arguments.s, o.strict, &c, &e)) {
		error_state(&e, "nothing was created");
		rc = vane_fail(v, &e);
		goto out;
	}
	if (c.warnings.len && !o.quiet)
		fputs(c.warnings.s, stderr);
	guest_fill_uuid(&c);
	if (o.dry_run)
		print_json(&c);
	else
		rc = create(v, &o, &c, text);
	config_free(&c);
out:
	free(text);
	text_free(&o.arguments);
	return rc;
}
