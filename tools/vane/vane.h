/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands of vane share: the handles, the global options and the two ways to speak (as
 * `vane`, and exactly as xl when called by that name).
 */
#ifndef TOOLS_VANE_VANE_H
#define TOOLS_VANE_VANE_H

#include "tools/lib/guest.h"
#include "tools/lib/names.h"
#include "tools/lib/store.h"
#include "tools/lib/xen.h"

struct vane {
	struct xen x;
	struct store s;
	struct names names; /* of vane_domains(), empty when that did not list all */
	const char *self;   /* "vane" or "xl" */
	bool as_xl;
	bool json; /* for programs: see asjson.c */
	bool force, dry_run;
	int verbose;
};

typedef int (*command_fn)(struct vane *v, int argc, char **argv);

#define CMD(name, fn, least, globals, args, what, options) \
	int fn(struct vane *v, int argc, char **argv);
#include "tools/vane/commands.def"
#undef CMD

/* The whole program; its exit status. */
int vane_main(int argc, char **argv);
/* Open what a command needs; 0, or the exit status after printing why not. Called by the dispatcher
 * for all but help. */
int vane_open(struct vane *v);
/* Print the error; the exit status. */
int vane_fail(struct vane *v, const struct error *e);
/* The domain that an argument names; 0, or the exit status after printing. */
int vane_domain(struct vane *v, const char *who, uint32_t *domid);
/* Usage error of a command: its help to standard error; exit status 2. */
int vane_usage(struct vane *v, const char *command);
/* Domains of the arguments from argv[first], or all, then with their names at hand; *n set. Exit
 * status in *status when NULL is returned. Caller frees. */
domain_info *vane_domains(struct vane *v, int argc, char **argv, int first, int *n, int *status);
/* The name, or "(null)" as xl prints for a domain without one. Caller frees. */
char *vane_name(struct vane *v, uint32_t domid);
/* Attach the terminal to a domain's console; start: unpause the domain when attached. */
int console_attach(struct vane *v, uint32_t domid, bool start);
/* The list's header and rows, with an extra column of claims when asked. */
void list_header(void);
void list_row(struct vane *v, const domain_info *d);

/* The same for programs (--json): arrays of one object a domain, vcpu. */
void json_domains(struct vane *v, const domain_info *all, int n);
void json_vcpus(struct vane *v, const domain_info *all, int n, unsigned int ncpus);
void json_uptimes(struct vane *v, const domain_info *all, int n,
	long (*uptime)(struct vane *v, const domain_info *d));
/* An object of "key : value" lines. */
void json_info(const char *lines);
/* To standard error, in place of the text. */
void json_error(const struct error *e, int status);

#endif
