/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Permissions of a node; see perms.h. */
#include "perms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"

struct perms *perms_new(const struct perm *p, uint32_t n)
{
	struct perms *perms = malloc(sizeof(*perms) + n * sizeof(*p));

	if (!perms)
		return NULL;
	perms->refs = 1;
	perms->n = n;
	memcpy(perms->p, p, n * sizeof(*p));
	for (uint32_t i = 0; i < n; i++)
		domain_get(p[i].dom);
	return perms;
}

void perms_put(struct perms *p)
{
	if (!p || --p->refs)
		return;
	for (uint32_t i = 0; i < p->n; i++)
		domain_put(p->p[i].dom);
	free(p);
}

static bool is_or_acts_for(const struct domain *dom, const struct domain *who)
{
	return dom == who || (dom->target && dom->target == who);
}

unsigned int perms_allow(const struct perms *p, const struct domain *dom)
{
	if (domain_is_privileged(dom) || is_or_acts_for(dom, perms_owner(p)))
		return PERM_READ | PERM_WRITE | PERM_OWNER;
	for (uint32_t i = 1; i < p->n; i++)
		if (is_or_acts_for(dom, p->p[i].dom))
			return p->p[i].access;
	return p->p[0].access;
}

bool perms_same(const struct perms *a, const struct perms *b)
{
	if (a == b)
		return true;
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->p[i].dom != b->p[i].dom || a->p[i].access != b->p[i].access)
			return false;
	return true;
}

struct perms *perms_inherit(struct perms *parent, struct domain *creator)
{
	struct perms *own;

	if (domain_is_privileged(creator) || perms_owner(parent) == creator)
		return perms_get(parent);
	own = perms_new(parent->p, parent->n);
	if (!own)
		return NULL;
	domain_put(own->p[0].dom);
	own->p[0].dom = domain_get(creator);
	return own;
}

static int access_of(char letter)
{
	switch (letter) {
	case 'n': return PERM_NONE;
	case 'r': return PERM_READ;
	case 'w': return PERM_WRITE;
	case 'b': return PERM_READ | PERM_WRITE;
	}
	return -1;
}

static int perm_parse(struct store *store, const char *text, struct perm *out)
{
	int access = access_of(text[0]);
	unsigned long domid;
	char *end;

	if (access < 0 || text[1] < '0' || text[1] > '9')
		return EINVAL;
	domid = strtoul(text + 1, &end, 10);
	if (*end || domid > DOMID_LAST)
		return EINVAL;
	out->access = (uint8_t)access;
	out->dom = domain_identity(store, (unsigned int)domid);
	return out->dom ? 0 : ENOMEM;
}

int perms_parse(struct store *store, const char *text, uint32_t n, struct perms **out)
{
	struct perm *p = calloc(n, sizeof(*p));
	uint32_t done;
	int err = p ? 0 : ENOMEM;

	for (done = 0; !err && done < n; text += strlen(text) + 1) {
		err = perm_parse(store, text, &p[done]);
		if (!err)
			done++;
	}
	if (!err) {
		*out = perms_new(p, n);
		err = *out ? 0 : ENOMEM;
	}
	for (uint32_t i = 0; i < done; i++)
		domain_put(p[i].dom);
	free(p);
	return err;
}

size_t perms_format(const struct perms *p, char *buf, size_t size)
{
	static const char letter[] = { 'n', 'r', 'w', 'b' };
	size_t used = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		if (i && !p->p[i].dom->alive)
			continue;
		int len = snprintf(buf + used, size - used, "%c%u", letter[p->p[i].access],
			p->p[i].dom->domid);

		if ((size_t)len + 1 > size - used)
			return 0;
		used += (size_t)len + 1;
	}
	return used;
}
