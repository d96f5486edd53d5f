/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's command line, from one table: abi/options.def rows give name, kind, default and
 * text; cmdline_parse stores the values in `opt` and keeps each word that it does not know for
 * cmdline_report. Names and syntax are Xen's.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/base.h"

#define OPT_STRING_MAX 128

struct options {
#define OPT_BOOL(id, name, dflt, text) bool id;
#define OPT_UINT(id, name, dflt, text) u64 id;
#define OPT_SIZE(id, name, dflt, text) \
	u64 id; /* bytes; suffixes K M G T, plain numbers are KiB as in Xen */
#define OPT_STRING(id, name, dflt, text) char id[OPT_STRING_MAX];
#include "abi/options.def"
#undef OPT_BOOL
#undef OPT_UINT
#undef OPT_SIZE
#undef OPT_STRING
};

extern struct options opt;

/* Parse the text after the image's name. The text is kept (cmdline_text) for XENVER_commandline. */
void cmdline_parse(const char *text);
const char *cmdline_text(void);
/* Name each word that was unknown or badly written: console_init logs them. */
void cmdline_report(void (*say)(const char *name));
/* A size as Xen writes it: number with suffix B K M G T, none is K. False when it is not one. */
must_check bool parse_size(const char *text, u64 *bytes);

#endif
