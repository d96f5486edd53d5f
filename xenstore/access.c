/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on nodes: who may do what, what a transaction learns by it, and the replies.
 * A node that is not there answers ENOENT only to those who might do the same to the nearest node
 * above it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "request.h"
#include "store.h"

static struct tree *tree_of(struct request *r)
{
	return r->tx ? &r->tx->tree : &r->conn->store->tree;
}

/*
 * Note in the transaction what this look-up learned. That something is missing is one fact for dom0
 * when it only looks; for others, and for who creates it, also what is the nearest node above it
 * and what that allows and hands down.
 */
static int learn(struct request *r, const struct path *p, const struct found *f, unsigned int what,
	bool creates)
{
	bool by_perms = !domain_is_privileged(r->conn->dom);
	uint32_t end;
	int err;

	if (!r->tx)
		return 0;
	if (f->node)
		return transaction_note(
			r->tx, p->s, p->len, what | LEARN_EXISTS | (by_perms ? LEARN_PERMS : 0), 0);
	if (!by_perms && !creates)
		return transaction_note(r->tx, p->s, p->len, LEARN_EXISTS, 0);
	/* The first component that is missing. */
	end = f->known == 1 ? 1 : f->known + 1;
	while (end < p->len && p->s[end] != '/')
		end++;
	err = transaction_note(r->tx, p->s, end, LEARN_EXISTS, 0);
	return err ? err : transaction_note(r->tx, p->s, f->known, LEARN_EXISTS | LEARN_PERMS, 0);
}

/* Look up a node for somebody who wants to do `need` with it. 0, ENOENT, EACCES, ENOSPC or ENOMEM.
 */
static int look(struct request *r, const struct path *p, unsigned int need, unsigned int what,
	struct found *f)
{
	unsigned int may;
	int err;

	tree_find(tree_of(r), p->s, p->len, f);
	err = learn(r, p, f, what, need & PERM_WRITE);
	if (err)
		return err;
	may = perms_allow(f->last->perms, r->conn->dom);
	if ((may & need) != need)
		return EACCES;
	return f->node ? 0 : ENOENT;
}

static int resolve(struct request *r, struct path *p)
{
	struct domain *d = r->conn->dom;
	int err = path_resolve(p, r->arg[0], strlen(r->arg[0]), d->domid);

	if (!err && !domain_is_privileged(d) &&
		strlen(r->arg[0]) > quota_limit(d, QUOTA_PATH_LENGTH) + 20)
		err = EINVAL;
	return err;
}

int do_read(struct request *r)
{
	struct found f = { .missing = 0 };
	struct path p;
	int err = resolve(r, &p);

	if (!err)
		err = look(r, &p, PERM_READ, LEARN_VALUE, &f);
	if (!err)
		conn_reply(r->conn, &r->h, r->h.type, node_value(f.node), f.node->value_len);
	return err;
}

/* Names are short: a call for each would cost more than the bytes, which go in two pieces that
 * overlap. */
static inline void copy_name(char *out, const char *name, uint32_t len)
{
	if (len > 16) {
		memcpy(out, name, len);
	} else if (len >= 8) {
		__builtin_memcpy(out, name, 8);
		__builtin_memcpy(out + len - 8, name + len - 8, 8);
	} else if (len >= 4) {
		__builtin_memcpy(out, name, 4);
		__builtin_memcpy(out + len - 4, name + len - 4, 4);
	} else {
		out[0] = name[0];
		out[len / 2] = name[len / 2];
		out[len - 1] = name[len - 1];
	}
	out[len] = 0;
}

/*
 * The names of the children from byte `from` of their list on, at most `size` bytes. *end: nothing
 * comes after.
 */
static size_t list_kids(const struct node *n, size_t from, char *out, size_t size, bool *end)
{
	const char *first = out, *last = out + size;

	*end = true;
	for (uint32_t page = 0; n->kids && page < n->kids->n; page++) {
		const struct kid_page *p = n->kids->page[page];
		uint32_t i = 0;

		for (; from && i < p->n; i++)
			from -= p->kid[i]->name_len < from ? p->kid[i]->name_len + 1u : from;
		for (uint32_t stop = p->n; i < stop; i++) {
			const struct node *kid = p->kid[i];
			uint32_t len = kid->name_len;

			if (len >= (size_t)(last - out)) {
				*end = false;
				return (size_t)(out - first);
			}
			copy_name(out, kid->data, len);
			out += len + 1;
		}
	}
	return (size_t)(out - first);
}

int do_directory(struct request *r)
{
	char names[XENSTORE_PAYLOAD_MAX];
	struct found f = { .missing = 0 };
	struct path p;
	size_t len;
	bool end;
	int err = resolve(r, &p);

	if (!err)
		err = look(r, &p, PERM_READ, LEARN_KIDS, &f);
	if (err)
		return err;
	len = list_kids(f.node, 0, names, sizeof(names), &end);
	if (!end)
		return E2BIG;
	conn_reply(r->conn, &r->h, r->h.type, names, len);
	return 0;
}

/* Something that changes whenever the list of children does. */
static uint64_t kids_generation(const struct node *n)
{
	struct kid_iter it = { 0 };
	const struct node *kid;
	uint64_t h = 1469598103934665603ull;

	while ((kid = node_kid_next(n, &it))) {
		for (uint32_t i = 0; i < kid->name_len; i++)
			h = (h ^ (uint8_t)kid->data[i]) * 1099511628211ull;
		h = (h ^ '/') * 1099511628211ull;
	}
	return h;
}

/* The reply: generation NUL names, and one more NUL after the last name of all. */
int do_directory_part(struct request *r)
{
	char reply[XENSTORE_PAYLOAD_MAX];
	struct found f = { .missing = 0 };
	struct path p;
	size_t used;
	bool end;
	int err = resolve(r, &p);

	if (!err && (r->arg[1][0] < '0' || r->arg[1][0] > '9'))
		err = EINVAL;
	if (!err)
		err = look(r, &p, PERM_READ, LEARN_KIDS, &f);
	if (err)
		return err;
	used = (size_t)snprintf(
		       reply, sizeof(reply), "%llu", (unsigned long long)kids_generation(f.node)) +
	       1;
	used += list_kids(
		f.node, strtoul(r->arg[1], NULL, 10), reply + used, sizeof(reply) - used - 1, &end);
	if (end)
		reply[used++] = 0;
	conn_reply(r->conn, &r->h, r->h.type, reply, used);
	return 0;
}

/* Make the change, in the transaction or in the store, and say OK. */
static int change(struct request *r, const struct change *ch, unsigned int wrote)
{
	int err = 0;

	tree_of(r)->trusted = domain_is_privileged(r->conn->dom);
	if (r->tx) {
		err = transaction_note(r->tx, ch->path->s, ch->path->len, 0, wrote);
		if (!err)
			err = store_change_in(r->tx, ch);
	} else {
		err = store_change(r->conn->store, ch);
	}
	if (!err)
		request_ok(r);
	return err;
}

/* WRITE and MKDIR: what is missing is made with what it inherits from the nearest node above. */
static int create_or(struct request *r, const struct path *p, const struct found *f,
	struct change *ch, unsigned int wrote)
{
	int err;

	ch->path = p;
	ch->perms =
		f->node ? perms_get(f->node->perms) : perms_inherit(f->last->perms, r->conn->dom);
	if (!ch->perms)
		return ENOMEM;
	err = change(r, ch, wrote);
	perms_put(ch->perms);
	return err;
}

int do_write(struct request *r)
{
	struct change ch = { .kind = CHANGE_WRITE, .value = r->rest, .len = r->rest_len };
	struct found f = { .missing = 0 };
	struct path p;
	int err = resolve(r, &p);

	if (!err && !quota_allows(r->conn->dom, QUOTA_NODE_SIZE, 0, r->rest_len))
		err = ENOSPC;
	if (!err)
		err = look(r, &p, PERM_WRITE, 0, &f);
	return err && err != ENOENT ? err : create_or(r, &p, &f, &ch, LEARN_VALUE);
}

int do_mkdir(struct request *r)
{
	struct change ch = { .kind = CHANGE_MKDIR };
	struct found f = { .missing = 0 };
	struct path p;
	int err = resolve(r, &p);

	if (!err)
		err = look(r, &p, PERM_WRITE, 0, &f);
	if (!err) {
		request_ok(r);
		return 0;
	}
	return err == ENOENT ? create_or(r, &p, &f, &ch, 0) : err;
}

int do_rm(struct request *r)
{
	struct change ch = { .kind = CHANGE_RM };
	struct found f = { .missing = 0 };
	struct path p;
	int err = resolve(r, &p);

	if (!err)
		err = look(r, &p, PERM_WRITE, 0, &f);
	if (err == ENOENT && f.missing == 1) {
		/* Already gone, as asked. */
		request_ok(r);
		return 0;
	}
	if (!err && path_is_root(&p))
		err = EINVAL;
	ch.path = &p;
	return err ? err : change(r, &ch, 0);
}

static int reply_perms(struct request *r, const struct perms *perms)
{
	char text[XENSTORE_PAYLOAD_MAX];
	size_t len = perms_format(perms, text, sizeof(text));

	if (!len)
		return E2BIG;
	conn_reply(r->conn, &r->h, r->h.type, text, len);
	return 0;
}

static struct perms **special_perms(struct store *s, const struct path *p)
{
	if (!strcmp(p->s, "@introduceDomain"))
		return &s->introduce_perms;
	return strcmp(p->s, "@releaseDomain") ? NULL : &s->release_perms;
}

int do_get_perms(struct request *r)
{
	struct perms **special;
	struct found f = { .missing = 0 };
	struct path p;
	int err;

	if (r->arg[0][0] == '@') {
		err = path_resolve_special(&p, r->arg[0], strlen(r->arg[0]), 0);
		special = err ? NULL : special_perms(r->conn->store, &p);
		if (!special)
			return err ? err : ENOENT;
		return perms_allow(*special, r->conn->dom) & PERM_READ ? reply_perms(r, *special)
								       : EACCES;
	}
	err = resolve(r, &p);
	if (!err)
		err = look(r, &p, PERM_READ, LEARN_PERMS, &f);
	return err ? err : reply_perms(r, f.node->perms);
}

static uint32_t count_strings(const char *s, uint32_t len)
{
	uint32_t n = 0;

	while (len--)
		n += !*s++;
	return n;
}

static int set_special_perms(struct request *r, struct perms *perms)
{
	struct perms **special;
	struct path p;
	int err = path_resolve_special(&p, r->arg[0], strlen(r->arg[0]), 0);

	if (!err && !domain_is_privileged(r->conn->dom))
		err = EACCES;
	special = err ? NULL : special_perms(r->conn->store, &p);
	if (!special)
		return err ? err : ENOENT;
	perms_put(*special);
	*special = perms_get(perms);
	journal_special(r->conn->store->journal, p.s, perms);
	request_ok(r);
	return 0;
}

/* Only the owner may, and only dom0 may give a node away. */
static int set_node_perms(struct request *r, struct perms *perms)
{
	struct change ch = { .kind = CHANGE_PERMS, .perms = perms };
	struct domain *d = r->conn->dom;
	struct found f = { .missing = 0 };
	struct path p;
	int err = resolve(r, &p);

	if (!err)
		err = look(r, &p, PERM_WRITE | PERM_OWNER, 0, &f);
	if (!err && !domain_is_privileged(d) && perms_owner(perms) != perms_owner(f.node->perms))
		err = EPERM;
	ch.path = &p;
	return err ? err : change(r, &ch, LEARN_PERMS);
}

int do_set_perms(struct request *r)
{
	struct perms *perms;
	const char *text = r->arg[1];
	uint32_t len = (uint32_t)(r->body + r->h.len - text), n = count_strings(text, len);
	int err;

	if (text[len - 1])
		return EINVAL;
	if (!quota_allows(r->conn->dom, QUOTA_PERMS, 0, n))
		return ENOSPC;
	err = perms_parse(r->conn->store, text, n, &perms);
	if (err)
		return err;
	if (!perms_owner(perms)->alive) {
		/* Nobody would ever take it away again. */
		perms_put(perms);
		return ENOENT;
	}
	err = r->arg[0][0] == '@' ? set_special_perms(r, perms) : set_node_perms(r, perms);
	perms_put(perms);
	return err;
}
