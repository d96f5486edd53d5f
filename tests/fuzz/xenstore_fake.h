/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's surroundings in tests that link its core: a link to a hypervisor whose domains and
 * rings are in memory, no sockets, and memory that runs out (link with --wrap=malloc, calloc and
 * realloc).
 */
#ifndef FUZZ_XENSTORE_FAKE_H
#define FUZZ_XENSTORE_FAKE_H

#include "xenstore/conn.h"
#include "xenstore/domain_link.h"
#include "xenstore/store.h"

struct link {
	struct xenstore_domain_interface page[8]; /* by domid */
	uint32_t absent, shut;			  /* sets of domids */
};

extern struct link fake_link;
/* So many allocations succeed, then one fails; -1: none does. */
extern long fail_in;

#endif
