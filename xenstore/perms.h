/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permissions of a node: an immutable, reference-counted list that nodes share (a new node has its
 * parent's). Entry 0 is the owner and what everybody else may do; the others name domains. Entries
 * point to identities (struct domain: domid and generation), so a recycled domid matches nothing
 * that was meant for the one before. The text form ("n5", "r0", "w3", "b7") is libxenstore's.
 */
#ifndef XENSTORE_PERMS_H
#define XENSTORE_PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domain;
struct store;

enum { PERM_NONE = 0, PERM_READ = 1, PERM_WRITE = 2, PERM_OWNER = 4 };

struct perm {
	struct domain *dom; /* own reference; identity, possibly dead */
	uint8_t access;	    /* PERM_READ | PERM_WRITE */
};

struct perms {
	uint32_t refs;
	uint32_t n; /* 1 at least */
	struct perm p[];
};

/* Takes its own references to the domains. NULL: out of memory. */
struct perms *perms_new(const struct perm *p, uint32_t n);
static inline struct perms *perms_get(struct perms *p)
{
	p->refs++;
	return p;
}
void perms_put(struct perms *p);

static inline struct domain *perms_owner(const struct perms *p)
{
	return p->p[0].dom;
}

/* What `dom` (or the domain that it may act for) may do: a set of PERM_*. */
unsigned int perms_allow(const struct perms *p, const struct domain *dom);
bool perms_same(const struct perms *a, const struct perms *b);
/* The list that a node created by `creator` under a parent with `parent` gets. Own reference, NULL:
 * out of memory. */
struct perms *perms_inherit(struct perms *parent, struct domain *creator);

/*
 * The text form: `n` strings, NUL-terminated, one after the other. Unknown domids get an identity
 * from `store`. Returns 0, EINVAL or ENOMEM.
 */
int perms_parse(struct store *store, const char *text, uint32_t n, struct perms **out);
/* Into `buf` (`size` bytes, NULs included); bytes written, or 0 when it does not fit. */
size_t perms_format(const struct perms *p, char *buf, size_t size);

#endif
