/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain as the store knows it: an identity (domid and generation), its quota use and, once
 * introduced, its ring. The identity outlives the domain while permissions name it, and then
 * matches nobody: whoever gets the domid next is another struct domain. The table by domid holds
 * the living ones.
 */
#ifndef XENSTORE_DOMAIN_H
#define XENSTORE_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "quota.h"

struct conn;
struct store;

/* The last domid that a real domain can have (DOMID_FIRST_RESERVED - 1 in <xen/xen.h>). */
#define DOMID_LAST 0x7fefu

struct domain {
	uint32_t refs;
	uint32_t domid;
	uint64_t generation;
	struct store *store;
	struct list all;       /* in store->domains while alive */
	struct domain *target; /* own reference: may act for that one */
	struct conn *conn;     /* of its ring */
	uint64_t ring;	       /* where its ring is: an mfn, as INTRODUCE said */
	uint32_t remote_port;  /* its end of the event channel */
	bool alive;
	bool introduced;
	bool shutdown;	    /* seen and told by @releaseDomain */
	uint32_t refused;   /* quotas whose refusal is logged already */
	uint32_t limit_set; /* quotas with a limit of this domain's own */
	uint64_t limit[QUOTA_COUNT];
	uint64_t use[QUOTA_COUNT];
	uint64_t ops, events; /* for `top` */
};

static inline bool domain_is_privileged(const struct domain *d)
{
	return d->domid == 0;
}

static inline struct domain *domain_get(struct domain *d)
{
	d->refs++;
	return d;
}
void domain_put(struct domain *d);

/* The living domain of that domid, or NULL. Borrowed. */
struct domain *domain_by_id(struct store *s, unsigned int domid);
/* The same, own reference, made when there is none (NULL: out of memory). A domid without a domain
 * gives a dead identity. */
struct domain *domain_identity(struct store *s, unsigned int domid);
/* As domain_identity, with that generation and without asking the hypervisor: for what comes back
 * from the log. */
struct domain *domain_restore(struct store *s, unsigned int domid, uint64_t generation, bool alive);

/* Take it out of the table of the living. */
void domain_forget(struct store *s, struct domain *d);

/* INTRODUCE: connect its ring. 0 or an errno. */
int domain_introduce(struct store *s, unsigned int domid, uint64_t ring, uint32_t port);
/* RELEASE: let go of the ring. ENOENT when it is not introduced. */
int domain_release(struct store *s, unsigned int domid);
/* The domain is gone: everything of it goes. */
void domain_die(struct store *s, struct domain *d);
/* After the hypervisor's word that domains changed: find out which, tell the watchers. */
void domain_check_all(struct store *s);

#endif
