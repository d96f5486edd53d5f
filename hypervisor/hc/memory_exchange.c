/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XENMEM_exchange: a domain gives extents and gets as much memory in extents of another order, for
 * DMA below some address. It goes chunk by chunk, a chunk being the larger of the two orders: take
 * the old frames away from the domain, allocate the new ones, and only then give one for the other;
 * a chunk that cannot be done changes nothing. nr_exchanged in the guest's struct is the progress.
 */
#include <xen/memory.h>

#include "core/softirq.h"
#include "hc/hypercall.h"
#include "hc/memory.h"
#include "pv/m2p.h"

struct exchange {
	struct domain *d;
	xen_memory_exchange_t x;
	unsigned in_chunk_order, out_chunk_order; /* log2 of extents in a chunk */
	u32 stolen; /* first of the chunk's old frames, chained by next */
};

static int exchange_check(const xen_memory_exchange_t *x)
{
	unsigned in = x->in.extent_order, out = x->out.extent_order;

	if (in > MEMORY_ORDER_MAX_EXCHANGE || out > MEMORY_ORDER_MAX_EXCHANGE)
		return fail(EPERM);
	if (x->nr_exchanged > x->in.nr_extents || x->in.domid != x->out.domid)
		return fail(EINVAL);
	if (x->in.nr_extents > ~0ul >> in || x->out.nr_extents > ~0ul >> out)
		return fail(EINVAL);
	if (x->in.nr_extents << in != x->out.nr_extents << out)
		return fail(EINVAL);
	if (!guest_array_ok(GUEST_ADDR(x->in.extent_start), sizeof(xen_pfn_t), x->in.nr_extents) ||
		!guest_array_ok(
			GUEST_ADDR(x->out.extent_start), sizeof(xen_pfn_t), x->out.nr_extents))
		return fail(EFAULT);
	return 0;
}

/*
 * Give the chunk's old frames back to the domain: it had them a moment ago, so it may have them. A
 * dying one loses them.
 */
static void unsteal(struct exchange *e)
{
	while (e->stolen != FRAME_NIL) {
		struct page *p = page_of(mfn(e->stolen));

		u64 frame = e->stolen, pfn = p->type;

		e->stolen = p->next;
		p->type = 0;
		if (page_assign(e->d, p))
			frame_free(p, 0);
		else
			m2p_set(mfn(frame), pfn);
	}
}

static int steal_frame(struct exchange *e, u64 frame)
{
	struct page *p;
	u64 pfn;
	int ret;

	if (!frame_valid(mfn(frame)))
		return fail(EINVAL);
	p = page_of(mfn(frame));
	pfn = m2p_get(mfn(frame));
	if (!page_get(p, e->d))
		return fail(EINVAL);
	page_put(p); /* page_steal wants the only reference; it checks the owner again */
	ret = page_steal(e->d, p);
	if (ret)
		return ret;
	p->type = pfn; /* nobody's now: the word keeps what the frame was, for unsteal */
	p->next = e->stolen;
	e->stolen = (u32)frame;
	return 0;
}

static int steal_chunk(struct exchange *e, u64 chunk)
{
	for (u64 j = 0; j < BIT(e->in_chunk_order); j++) {
		xen_pfn_t frame;

		if (handle_get(&frame, e->x.in.extent_start, (chunk << e->in_chunk_order) + j))
			return -EFAULT;
		for (u64 k = 0; k < BIT(e->x.in.extent_order); k++) {
			int ret = steal_frame(e, frame + k);

			if (ret)
				return ret;
		}
	}
	return 0;
}

static struct page *alloc_new(const struct exchange *e)
{
	u32 bits = XENMEMF_get_address_bits(e->x.out.mem_flags);
	unsigned order = e->x.out.extent_order;
	struct page *p = frame_alloc(order, bits && bits <= 32 ? FRAME_LOW : 0);

	if (!p || !bits || bits >= 52)
		return p;
	if (bits > PAGE_SHIFT && page_frame(p).n + BIT(order) <= BIT(bits - PAGE_SHIFT))
		return p;
	frame_free(p, order);
	return NULL;
}

/*
 * All new extents of a chunk, heads chained by next from *first. Nothing is kept when one is
 * missing.
 */
static int alloc_chunk(struct exchange *e, u32 *first)
{
	*first = FRAME_NIL;
	for (u64 j = 0; j < BIT(e->out_chunk_order); j++) {
		struct page *p = alloc_new(e);

		if (p) {
			p->next = *first;
			*first = (u32)page_frame(p).n;
			continue;
		}
		while (*first != FRAME_NIL) {
			p = page_of(mfn(*first));
			*first = p->next;
			frame_free(p, e->x.out.extent_order);
		}
		return fail(ENOMEM);
	}
	return 0;
}

static void free_stolen(struct exchange *e)
{
	while (e->stolen != FRAME_NIL) {
		struct page *p = page_of(mfn(e->stolen));

		e->stolen = p->next;
		p->type = 0;
		frame_free(p, 0);
	}
}

static int give_extent(struct exchange *e, u64 index, struct page *head)
{
	xen_pfn_t pfn, frame = page_frame(head).n;
	u64 count = BIT(e->x.out.extent_order);
	int ret = 0;

	if (handle_get(&pfn, e->x.out.extent_start, index))
		ret = -EFAULT;
	for (u64 k = 0; k < count; k++) {
		if (page_assign(e->d, head + k))
			frame_free(head + k, 0);
		else if (!ret)
			memory_name_frames(e->d, head + k, 0, pfn + k);
	}
	if (!ret)
		ret = handle_put(e->x.out.extent_start, index, &frame);
	return ret;
}

static int exchange_chunk(struct exchange *e, u64 chunk)
{
	u32 fresh;
	int ret;

	e->stolen = FRAME_NIL;
	ret = steal_chunk(e, chunk);
	if (!ret)
		ret = alloc_chunk(e, &fresh);
	if (ret) {
		unsteal(e);
		return ret;
	}
	free_stolen(e);
	for (u64 j = 0; fresh != FRAME_NIL; j++) {
		struct page *head = page_of(mfn(fresh));
		int r;

		fresh = head->next;
		r = give_extent(e, (chunk << e->out_chunk_order) + j, head);
		ret = ret ? ret : r;
	}
	return ret;
}

static long run(struct exchange *e)
{
	u64 chunks = e->x.in.nr_extents >> e->in_chunk_order;
	u64 first = e->x.nr_exchanged >> e->in_chunk_order;
	long ret = 0;

	for (u64 c = first; c < chunks; c++) {
		if (c > first && should_yield()) {
			ret = -ERESTART;
			break;
		}
		ret = exchange_chunk(e, c);
		if (ret)
			break;
		e->x.nr_exchanged = (c + 1) << e->in_chunk_order;
	}
	return ret;
}

long memory_exchange(GUEST_PTR(void) arg)
{
	struct exchange e = { 0 };
	unsigned in, out;
	long ret;

	if (guest_read(&e.x, arg))
		return -EFAULT;
	ret = exchange_check(&e.x);
	if (ret)
		return ret;
	in = e.x.in.extent_order;
	out = e.x.out.extent_order;
	e.in_chunk_order = in < out ? out - in : 0;
	e.out_chunk_order = out < in ? in - out : 0;
	if (e.x.nr_exchanged & (BIT(e.in_chunk_order) - 1))
		return fail(EINVAL);
	ret = hc_domain_get(e.x.in.domid, &e.d);
	if (ret)
		return ret;
	ret = run(&e);
	domain_put(e.d);
	if (guest_out(arg.addr + offsetof(xen_memory_exchange_t, nr_exchanged), 0,
		    &e.x.nr_exchanged, sizeof(e.x.nr_exchanged), 1))
		return -EFAULT;
	return ret == -ERESTART ? hc_restart(0) : ret;
}
