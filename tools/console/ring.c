/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console rings: see ring.h. Indices run freely and wrap at 32 bits; sizes are powers of two.
 */
#include "tools/console/ring.h"

ssize_t ring_take(volatile struct xencons_interface *r, char *out, size_t size)
{
	const uint32_t ring_size = sizeof(r->out);
	uint32_t cons = r->out_cons, prod = r->out_prod, n = prod - cons, i;

	__sync_synchronize();
	if (n > ring_size)
		return -1;
	if (n > size)
		n = size;
	for (i = 0; i < n; i++)
		out[i] = r->out[(cons + i) & (ring_size - 1)];
	__sync_synchronize();
	r->out_cons = cons + n;
	return n;
}

size_t ring_room(volatile struct xencons_interface *r)
{
	const uint32_t ring_size = sizeof(r->in);
	uint32_t used = r->in_prod - r->in_cons;

	return used > ring_size ? 0 : ring_size - used;
}

ssize_t ring_give(volatile struct xencons_interface *r, const char *in, size_t size)
{
	const uint32_t ring_size = sizeof(r->in);
	uint32_t cons = r->in_cons, prod = r->in_prod, n = prod - cons, i;

	__sync_synchronize();
	if (n > ring_size)
		return -1;
	n = ring_size - n;
	if (n > size)
		n = size;
	for (i = 0; i < n; i++)
		r->in[(prod + i) & (ring_size - 1)] = in[i];
	__sync_synchronize();
	r->in_prod = prod + n;
	return n;
}
