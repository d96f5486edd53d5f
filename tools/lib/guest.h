/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest as the control domain sees it: hypervisor, xenstore and records together. Finding one by
 * name or id, its name, asking it to stop, taking it down with everything that belongs to it.
 * Creation is tools/build/create.h.
 */
#ifndef TOOLS_LIB_GUEST_H
#define TOOLS_LIB_GUEST_H

#include "tools/lib/domain.h"
#include "tools/lib/store.h"

/* "7" or "web1" to an id; ERR_NOTFOUND. */
int guest_find(struct xen *x, struct store *s, const char *who, uint32_t *domid, struct error *e);
/* Name only; -1 without an error text when there is none. */
int guest_find_name(struct xen *x, struct store *s, const char *name, uint32_t *domid);
/* Allocated; "(null)" never: an unnamed domain is called "(unnamed)". NULL only when it has no name
 * and bare is set. */
char *guest_name(struct store *s, uint32_t domid);

/* what: "poweroff", "reboot", "suspend". Only written; the guest decides. */
int guest_request(struct store *s, uint32_t domid, const char *what, struct error *e);
int guest_rename(struct xen *x, struct store *s, uint32_t domid, const char *name, struct error *e);

/*
 * End a domain and remove all its traces: devices, hypervisor domain, xenstore, records. Works on
 * what is left when some of it is gone already, so it may be done again. Returns -1 if the
 * hypervisor would not destroy it.
 */
int guest_destroy(struct xen *x, struct store *s, uint32_t domid, struct error *e);
/* The devices only: what has to be closed while nothing else is touched. */
void guest_remove_devices(struct store *s, uint32_t domid);
/* The xenstore directories and records only. vm: its /vm/UUID path or NULL. */
void guest_forget(struct store *s, uint32_t domid);

/* The lock that serializes creation and renaming, shared with xl: -1 with errno. Closing the
 * descriptor gives it up. */
int guest_lock(void);

#endif
