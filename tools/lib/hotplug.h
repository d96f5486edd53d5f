/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running hotplug scripts: the convention that Xen's scripts in /etc/xen/scripts expect (arguments,
 * environment, answers in xenstore). A script has 40 s; what it printed last is kept for the error
 * text.
 */
#ifndef TOOLS_LIB_HOTPLUG_H
#define TOOLS_LIB_HOTPLUG_H

#include "tools/lib/error.h"
#include "tools/lib/store.h"

#define HOTPLUG_SECONDS 40

/* argv and env end with NULL; env is added to a minimal environment. label: "vif-bridge for vif1.0"
 * in messages. */
int hotplug_run(const char *label, char *const argv[], char *const env[], struct error *e);
/* Absolute path of a script: names without a slash are in /etc/xen/scripts. Caller frees. */
char *hotplug_path(const char *script);

#endif
