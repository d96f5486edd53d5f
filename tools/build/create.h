/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a guest out of a configuration: checks first (nothing exists yet), then the domain, its
 * memory and its devices. When a step fails, everything that was made is taken down again.
 */
#ifndef TOOLS_BUILD_CREATE_H
#define TOOLS_BUILD_CREATE_H

#include "tools/lib/config.h"
#include "tools/lib/store.h"
#include "tools/lib/xen.h"

/* A random UUID when none was given. */
void guest_fill_uuid(struct config *c);

/*
 * c: as read; UUID and MAC addresses that were not given are filled in. path, text: where the
 * configuration came from and its whole text, for the record. The guest is left paused; the caller
 * unpauses it. -1 with e: nothing was left behind.
 */
int guest_create(struct xen *x, struct store *s, struct config *c, const char *path,
	const char *text, uint32_t *domid, struct error *e);

#endif
