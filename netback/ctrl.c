/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the control ring: see ctrl.h.
 */
#include "netback/ctrl.h"

#include <stddef.h>
#include <string.h>

#include "netback/slots.h"

#define KNOWN_TYPES                                                          \
	(XEN_NETIF_CTRL_HASH_TYPE_IPV4 | XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP | \
		XEN_NETIF_CTRL_HASH_TYPE_IPV6 | XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP)
#define SLOTS_FIT                                                   \
	((NET_PAGE - offsetof(struct xen_netif_ctrl_sring, ring)) / \
		sizeof(union xen_netif_ctrl_sring_entry))
_Static_assert(SLOTS_FIT / CTRL_SLOTS == 1, "control ring");
_Static_assert(HASH_MAPPING * sizeof(uint32_t) <= NET_PAGE, "a table fits into a granted page");

int ctrl_start(struct ctrl *c)
{
	uint32_t prod = slot_load(&c->ring->req_prod);

	c->cons = slot_load(&c->ring->rsp_prod);
	if (prod - c->cons > CTRL_SLOTS)
		queue_break(
			c->q, "control ring: %u requests and %u answers cannot be", prod, c->cons);
	return *c->q->broken ? -1 : 0;
}

/* The first bytes of a granted page into a page of ours. */
static bool fetch(struct ctrl *c, uint32_t gref, unsigned int bytes)
{
	grant_segment g = { .len = bytes, .flags = GNTCOPY_source_gref };
	const struct backend_pages *pages = &c->q->s->tx_pages;

	g.source.foreign.ref = gref;
	g.source.foreign.domid = c->q->domid;
	g.flags |= backend_pages_end(pages, &g.dest, pages->at, GNTCOPY_dest_gref);
	return !c->q->ops->copy(c->q, &g, 1) && g.status == GNTST_okay;
}

static uint32_t set_key(struct ctrl *c, uint32_t gref, uint32_t bytes)
{
	struct hash *h = c->q->f->hash;

	if (bytes > HASH_KEY)
		return XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
	if (bytes && !fetch(c, gref, bytes))
		return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
	memset(h->key, 0, HASH_KEY);
	memcpy(h->key, c->q->s->tx_pages.at, bytes);
	return XEN_NETIF_CTRL_STATUS_SUCCESS;
}

static uint32_t set_mapping_size(struct ctrl *c, uint32_t entries)
{
	struct hash *h = c->q->f->hash;

	if (entries > HASH_MAPPING)
		return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
	memset(h->mapping, 0, sizeof(h->mapping));
	h->entries = entries;
	return XEN_NETIF_CTRL_STATUS_SUCCESS;
}

static uint32_t set_mapping(struct ctrl *c, uint32_t gref, uint32_t count, uint32_t offset)
{
	struct hash *h = c->q->f->hash;
	uint32_t to[HASH_MAPPING], i;

	if (count > HASH_MAPPING || offset > HASH_MAPPING)
		return XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
	if (!count || offset + count > h->entries || !fetch(c, gref, count * sizeof(to[0])))
		return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
	memcpy(to, c->q->s->tx_pages.at, count * sizeof(to[0]));
	for (i = 0; i < count; i++)
		if (to[i] >= c->queues)
			return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
	for (i = 0; i < count; i++)
		h->mapping[offset + i] = to[i];
	return XEN_NETIF_CTRL_STATUS_SUCCESS;
}

static uint32_t set_algorithm(struct ctrl *c, uint32_t algorithm)
{
	if (algorithm != XEN_NETIF_CTRL_HASH_ALGORITHM_NONE &&
		algorithm != XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ)
		return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
	c->q->f->hash->algorithm = algorithm;
	return XEN_NETIF_CTRL_STATUS_SUCCESS;
}

static uint32_t set_types(struct ctrl *c, uint32_t types)
{
	struct hash *h = c->q->f->hash;

	if (!h->algorithm || types & ~(uint32_t)KNOWN_TYPES)
		return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
	h->types = types;
	return XEN_NETIF_CTRL_STATUS_SUCCESS;
}

static void carry_out(
	struct ctrl *c, const struct xen_netif_ctrl_request *r, struct xen_netif_ctrl_response *a)
{
	const uint32_t *d = r->data;

	switch (r->type) {
	case XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM: a->status = set_algorithm(c, d[0]); break;
	case XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS:
		if (!c->q->f->hash->algorithm)
			break;
		a->status = XEN_NETIF_CTRL_STATUS_SUCCESS;
		a->data = KNOWN_TYPES;
		break;
	case XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS: a->status = set_types(c, d[0]); break;
	case XEN_NETIF_CTRL_TYPE_SET_HASH_KEY: a->status = set_key(c, d[0], d[1]); break;
	case XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE:
		a->status = XEN_NETIF_CTRL_STATUS_SUCCESS;
		a->data = HASH_MAPPING;
		break;
	case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE:
		a->status = set_mapping_size(c, d[0]);
		break;
	case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING:
		a->status = set_mapping(c, d[0], d[1], d[2]);
		break;
	}
}

static void answer_one(struct ctrl *c)
{
	union xen_netif_ctrl_sring_entry *slot = c->ring->ring + c->cons % CTRL_SLOTS;
	struct xen_netif_ctrl_request r;
	struct xen_netif_ctrl_response a = { .status = XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED };

	slot_read(&r, slot, sizeof(r));
	a.id = r.id;
	a.type = r.type;
	carry_out(c, &r, &a);
	slot_write(slot, &a, sizeof(a));
	c->cons++;
}

enum turn ctrl_turn(struct ctrl *c, bool *notify)
{
	uint32_t old = c->cons, end = slot_load(&c->ring->req_prod);

	*notify = false;
	if (end == old)
		end = slots_arm(&c->ring->req_event, &c->ring->req_prod, old + 1);
	if (end - old > CTRL_SLOTS)
		queue_break(c->q, "control ring: %u requests at once", end - old);
	if (*c->q->broken)
		return TURN_BROKEN;
	if (end == old)
		return TURN_IDLE;
	while (c->cons != end)
		answer_one(c);
	*notify = slots_publish(&c->ring->rsp_prod, &c->ring->rsp_event, old, c->cons);
	return TURN_MORE;
}
