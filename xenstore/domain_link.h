/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the store needs of a hypervisor: the rings of domains, event channels, and who lives.
 * domain_xen.c does it with the stable libraries; the tests have one over files. Which one a
 * program has is chosen when it is linked.
 */
#ifndef XENSTORE_DOMAIN_LINK_H
#define XENSTORE_DOMAIN_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct link;

struct link_ring {
	struct xenstore_domain_interface *page; /* hostile memory */
	int port;				/* ours */
	bool granted;
};

enum link_state { LINK_ABSENT, LINK_ALIVE, LINK_SHUTDOWN };

/* NULL with errno when there is no hypervisor. */
struct link *link_open(void);
void link_close(struct link *l);
/* Readable when link_pending() has something. */
int link_fd(const struct link *l);
/* One event: the port of a ring; LINK_DOMAINS: domains came or went; LINK_NONE: no more. */
#define LINK_NONE    (-1)
#define LINK_DOMAINS (-2)
int link_pending(struct link *l);
/* Domain 0's ring is its kernel's: `frame` and `remote_port` are found out here. 0 or an errno. */
int link_map(struct link *l, unsigned int domid, uint64_t frame, uint32_t remote_port,
	struct link_ring *ring);
void link_unmap(struct link *l, struct link_ring *ring);
void link_notify(struct link *l, const struct link_ring *ring);
enum link_state link_domain(struct link *l, unsigned int domid);

#endif
