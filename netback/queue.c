/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What transmit and receive share: see queue.h.
 */
#include "netback/queue.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "netback/slots.h"

/* As the header's __RING_SIZE reckons: the largest power of two that fits. */
#define SLOTS_FIT(type) \
	((NET_PAGE - offsetof(type##_sring_t, ring)) / sizeof(union type##_sring_entry))
_Static_assert(SLOTS_FIT(netif_tx) / NET_SLOTS == 1, "transmit ring");
_Static_assert(SLOTS_FIT(netif_rx) / NET_SLOTS == 1, "receive ring");

void queue_break(struct queue *q, const char *fmt, ...)
{
	va_list ap;

	if (*q->broken)
		return;
	va_start(ap, fmt);
	vsnprintf(q->broken, sizeof(q->broken), fmt, ap);
	va_end(ap);
}

int queue_start(struct queue *q)
{
	q->tx_cons = slot_load(&q->tx->rsp_prod);
	q->rx_cons = slot_load(&q->rx->rsp_prod);
	if (slot_load(&q->tx->req_prod) - q->tx_cons > NET_SLOTS)
		queue_break(q, "transmit ring: %u requests and %u answers cannot be",
			slot_load(&q->tx->req_prod), q->tx_cons);
	if (slot_load(&q->rx->req_prod) - q->rx_cons > NET_SLOTS)
		queue_break(q, "receive ring: %u requests and %u answers cannot be",
			slot_load(&q->rx->req_prod), q->rx_cons);
	return *q->broken ? -1 : 0;
}
