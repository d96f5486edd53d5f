/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of vane: global options, the dispatcher over commands.def, help. Called as "xl"
 * it keeps xl's texts and exit statuses.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/log.h"
#include "tools/lib/text.h"
#include "tools/vane/vane.h"

struct command {
	const char *name;
	command_fn fn;
	int least;
	const char *globals, *args, *what, *options;
};

static const struct command commands[] = {
#define CMD(name, fn, least, globals, args, what, options) \
	{ name, fn, least, globals, args, what, options },
#include "tools/vane/commands.def"
#undef CMD
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find(const char *name)
{
	const struct command *found = NULL;
	size_t i, n = strlen(name);
	int matches = 0;

	for (i = 0; i < NCOMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
		if (!strncmp(commands[i].name, name, n)) {
			found = &commands[i];
			matches++;
		}
	}
	return matches == 1 ? found : NULL;
}

static void print_usage(FILE *f, const char *self, const struct command *c)
{
	int letters = (int)strcspn(c->globals, "j"); /* --json is no letter, and not xl's */

	fprintf(f, "Usage: %s [-vtT%.*s] %s %s\n\n%s.\n\n", self, letters, c->globals, c->name,
		c->args, c->what);
	if (c->options)
		fprintf(f, "Options:\n\n%s\n", c->options);
}

static void print_all(const char *self)
{
	size_t i;

	printf("Usage %s [-vfNtT] <subcommand> [args]\n\n%s full list of subcommands:\n\n", self,
		self);
	for (i = 0; i < NCOMMANDS; i++)
		printf(" %-19s %s\n", commands[i].name, commands[i].what);
}

int cmd_help(struct vane *v, int argc, char **argv)
{
	const struct command *c;

	if (argc < 2 || !strcmp(argv[1], "help")) {
		print_all(v->self);
		return 0;
	}
	c = find(argv[1]);
	if (!c) {
		printf("command \"%s\" not implemented\n", argv[1]);
		return v->as_xl ? 0 : 2;
	}
	print_usage(stdout, v->self, c);
	return 0;
}

int vane_usage(struct vane *v, const char *command)
{
	if (optopt)
		fprintf(stderr, "option `%c\' not supported.\n", optopt);
	if (optopt && v->as_xl)
		return 2;
	print_usage(stderr, v->self, find(command));
	return 2;
}

int vane_open(struct vane *v)
{
	struct error e = { 0 };

	if (xen_open(&v->x, &e) || store_open(&v->s, &e))
		return vane_fail(v, &e);
	return 0;
}

int vane_fail(struct vane *v, const struct error *e)
{
	int status = error_exit_status(e, v->as_xl);

	progress_end();
	if (v->json)
		json_error(e, status);
	else
		error_print(e);
	return status;
}

int vane_domain(struct vane *v, const char *who, uint32_t *domid)
{
	struct error e = { 0 };

	if (!guest_find(&v->x, &v->s, who, domid, &e))
		return 0;
	if (!v->as_xl)
		return vane_fail(v, &e);
	fprintf(stderr, "%s is an invalid domain identifier (rc=-6)\n", who);
	return 1;
}

domain_info *vane_domains(struct vane *v, int argc, char **argv, int first, int *n, int *status)
{
	domain_info *all;
	uint32_t domid;

	*status = 0;
	if (first >= argc) {
		*n = domain_list_all(&v->x, &all);
		if (*n >= 0) {
			names_free(&v->names);
			names_read(&v->s, &v->names);
			return all;
		}
		perror("cannot list the domains");
		*status = 1;
		return NULL;
	}
	all = xalloc((argc - first) * sizeof(*all));
	for (*n = 0; first < argc; first++) {
		*status = vane_domain(v, argv[first], &domid);
		if (*status) {
			free(all);
			return NULL;
		}
		if (!domain_get(&v->x, domid, &all[*n]))
			++*n;
	}
	return all;
}

char *vane_name(struct vane *v, uint32_t domid)
{
	const char *known = names_get(&v->names, domid);
	char *name = known ? xstrdup(known) : guest_name(&v->s, domid);

	return name ? name : xstrdup("(null)");
}

static int run(struct vane *v, const struct command *c, int argc, char **argv)
{
	int rc = 0;

	if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		print_usage(stdout, v->self, c);
		return 0;
	}
	if (argc - 1 < c->least) {
		fprintf(stderr, "'%s %s' requires at least %d argument%s.\n\n", v->self, c->name,
			c->least, c->least > 1 ? "s" : "");
		return vane_usage(v, c->name);
	}
	argv[0] = (char *)c->name;
	optind = opterr = optopt = 0;
	if (c->fn != cmd_help && c->fn != cmd_create)
		rc = vane_open(v);
	return rc ? rc : c->fn(v, argc, argv);
}

/* --json may stand anywhere; take it out. */
static bool take_json(int *argc, char **argv)
{
	bool found = false;
	int i, n = 0;

	for (i = 0; i < *argc; i++) {
		if (i && !strcmp(argv[i], "--json"))
			found = true;
		else
			argv[n++] = argv[i];
	}
	argv[ *argc = n] = NULL;
	return found;
}

int vane_main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	const struct command *c;
	struct vane v = { 0 };
	int opt, rc;

	optind = 0;
	base = base ? base + 1 : argv[0];
	v.as_xl = !strcmp(base, "xl");
	v.self = v.as_xl ? "xl" : "vane";
	v.json = !v.as_xl && take_json(&argc, argv);
	while ((opt = getopt(argc, argv, "+vfNtTh")) != -1) {
		if (opt == 'v')
			v.verbose++;
		else if (opt == 'f')
			v.force = true;
		else if (opt == 'N')
			v.dry_run = true;
		else if (opt == 'h' || opt == '?') {
			print_all(v.self);
			return opt == 'h' ? 0 : 2;
		}
	}
	log_open(v.verbose ? LOG_DBG : LOG_INFO, false);
	if (optind >= argc) {
		print_all(v.self);
		return v.as_xl ? 1 : 2;
	}
	c = find(argv[optind]);
	if (!c) {
		fprintf(stderr, "command not implemented\n");
		return v.as_xl ? 1 : 2;
	}
	if (v.dry_run && !strchr(c->globals, 'N')) {
		fprintf(stderr, "command does not implement -N (dryrun) option\n");
		return 1;
	}
	if (v.json && !strchr(c->globals, 'j')) {
		fprintf(stderr, "command does not implement --json\n");
		return 2;
	}
	rc = run(&v, c, argc - optind, argv + optind);
	names_free(&v.names);
	store_close(&v.s);
	xen_close(&v.x);
	if (fflush(stdout)) {
		perror("standard output");
		return 1;
	}
	return rc;
}
