/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of the store; see path.h. Pure functions, no state. */
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t allowed[256] = {
	['0' ... '9'] = 1,
	['A' ... 'Z'] = 1,
	['a' ... 'z'] = 1,
	['-'] = 1,
	['_'] = 1,
	['@'] = 1,
	['/'] = 1,
};

/* An absolute path: right characters, no "//", no slash at the end. */
static bool shape_ok(const char *s, size_t len)
{
	char before = 0;

	for (size_t i = 0; i < len; i++) {
		if (!allowed[(uint8_t)s[i]] || (s[i] == '/' && before == '/'))
			return false;
		before = s[i];
	}
	return len == 1 || before != '/';
}

/* What follows "/local/domain/N/" may be no longer than a relative path may be. */
static bool home_part_ok(const char *s, size_t len)
{
	static const char prefix[] = "/local/domain/";
	size_t i = sizeof(prefix) - 1;

	if (len <= i || memcmp(s, prefix, i))
		return true;
	while (i < len && s[i] >= '0' && s[i] <= '9')
		i++;
	if (i == len || s[i] != '/' || i == sizeof(prefix) - 1)
		return true;
	return len - i - 1 <= XENSTORE_REL_PATH_MAX;
}

int path_resolve(struct path *out, const char *in, size_t len, unsigned int domid)
{
	out->home = 0;
	if (len == 0)
		return EINVAL;
	if (in[0] == '/') {
		if (len > XENSTORE_ABS_PATH_MAX)
			return EINVAL;
		memcpy(out->s, in, len);
		out->len = (uint32_t)len;
	} else {
		if (len > XENSTORE_REL_PATH_MAX || in[0] == '@')
			return EINVAL;
		out->home = (uint32_t)snprintf(out->s, sizeof(out->s), "/local/domain/%u/", domid);
		memcpy(out->s + out->home, in, len);
		out->len = out->home + (uint32_t)len;
	}
	out->s[out->len] = 0;
	return shape_ok(out->s, out->len) && home_part_ok(out->s, out->len) ? 0 : EINVAL;
}

int path_resolve_special(struct path *out, const char *in, size_t len, unsigned int domid)
{
	if (len == 0 || in[0] != '@')
		return path_resolve(out, in, len, domid);
	if (len > XENSTORE_REL_PATH_MAX || !shape_ok(in, len))
		return EINVAL;
	memcpy(out->s, in, len);
	out->s[len] = 0;
	out->len = (uint32_t)len;
	out->home = 0;
	return 0;
}

static bool component_at(const char *s, uint32_t len, uint32_t at, struct component *c)
{
	const char *end;

	if (at >= len)
		return false;
	c->name = s + at;
	end = memchr(c->name, '/', len - at);
	c->len = end ? (uint32_t)(end - c->name) : len - at;
	return true;
}

bool path_first(const char *s, uint32_t len, struct component *c)
{
	return component_at(s, len, 1, c);
}

bool path_next(const char *s, uint32_t len, struct component *c)
{
	return component_at(s, len, (uint32_t)(c->name - s) + c->len + 1, c);
}

uint32_t path_parent_len(const char *s, uint32_t len)
{
	while (len > 1 && s[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : 1;
}

bool path_push(struct path *p, const char *name, uint32_t len)
{
	uint32_t slash = p->len > 1;

	if (p->len + slash + len > XENSTORE_ABS_PATH_MAX)
		return false;
	p->s[p->len] = '/';
	memcpy(p->s + p->len + slash, name, len);
	p->len += slash + len;
	p->s[p->len] = 0;
	return true;
}

bool path_is_under(const char *parent, uint32_t plen, const char *child, uint32_t clen)
{
	if (plen == 1 && parent[0] == '/')
		return child[0] == '/';
	return clen >= plen && !memcmp(parent, child, plen) && (clen == plen || child[plen] == '/');
}

uint32_t path_hash(const char *s, uint32_t len)
{
	uint32_t h = PATH_HASH_START;

	for (uint32_t i = 0; i < len; i++)
		h = path_hash_step(h, s[i]);
	return h;
}
