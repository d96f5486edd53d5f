/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of the store: the only place that knows which characters, lengths and shapes are allowed.
 * A struct path is always canonical: absolute, no empty component, no trailing slash (but "/"), or
 * a special name that starts with '@'. Limits: XENSTORE_ABS_PATH_MAX, XENSTORE_REL_PATH_MAX in
 * <xen/io/xs_wire.h>.
 */
#ifndef XENSTORE_PATH_H
#define XENSTORE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

/* Every component takes a slash and a byte at least. */
#define PATH_DEPTH_MAX (XENSTORE_ABS_PATH_MAX / 2)

struct path {
	uint32_t len;
	uint32_t home; /* a relative path was given: bytes to cut off for events, else 0 */
	char s[XENSTORE_ABS_PATH_MAX + 1];
};

/* One component during a walk: start with path_first(), go on with path_next() until it says false.
 */
struct component {
	const char *name;
	uint32_t len;
};

/* `in` (`len` bytes without the NUL) as seen by domain `domid`. Returns 0 or EINVAL. */
int path_resolve(struct path *out, const char *in, size_t len, unsigned int domid);
/* As path_resolve, for WATCH and SET_PERMS: names like "@releaseDomain" are also right. */
int path_resolve_special(struct path *out, const char *in, size_t len, unsigned int domid);

static inline bool path_is_special(const struct path *p)
{
	return p->s[0] == '@';
}

static inline bool path_is_root(const struct path *p)
{
	return p->len == 1;
}

bool path_first(const char *s, uint32_t len, struct component *c);
bool path_next(const char *s, uint32_t len, struct component *c);
/* Bytes of the parent of `s` (1 for a child of the root). `s` is not the root. */
uint32_t path_parent_len(const char *s, uint32_t len);
/* Append "/name" in place; false when it would be longer than any path may be. */
bool path_push(struct path *p, const char *name, uint32_t len);
/* Is `child` the same as `parent` or below it? */
bool path_is_under(const char *parent, uint32_t plen, const char *child, uint32_t clen);

/* FNV-1a, byte by byte, so that the hash of each prefix falls out on the way. */
#define PATH_HASH_START 2166136261u
static inline uint32_t path_hash_step(uint32_t h, char c)
{
	return (h ^ (uint8_t)c) * 16777619u;
}

uint32_t path_hash(const char *s, uint32_t len);

#endif
