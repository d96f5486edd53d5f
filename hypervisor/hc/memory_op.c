/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_memory_op: a domain's memory grows and shrinks by lists of extents (2^order frames
 * each), and is exchanged for contiguous memory. The three list operations answer how many extents
 * were done, also when the list did not go to its end (<xen/memory.h>). The low six bits of cmd are
 * the operation, the bits above the extent to go on with. memory_query.c has the operations that
 * only ask.
 */
#include <xen/memory.h>

#include "core/softirq.h"
#include "hc/hypercall.h"
#include "hc/memory.h"
#include "lib/string.h"
#include "pv/m2p.h"
#include "pv/pv.h"

#define CMD_BITS	 6
#define CMD_MASK	 (BIT(CMD_BITS) - 1)
#define ORDER_MAX_DOMU	 9
#define ORDER_MAX_PRIV	 18
#define FRAMES_PER_CHECK 512

struct extents {
	struct domain *d;
	xen_memory_reservation_t r;
	u32 cmd;
	u64 first; /* extent that this run began with */
	u64 at;	   /* extents done, those of earlier runs too */
};

static unsigned order_max(void)
{
	return current_domain()->privileged ? ORDER_MAX_PRIV : ORDER_MAX_DOMU;
}

static unsigned alloc_flags(u32 mem_flags)
{
	u32 bits = XENMEMF_get_address_bits(mem_flags);

	return bits && bits <= 32 ? FRAME_LOW : 0;
}

/* Memory below 2^bits was asked for: does this block lie there? */
static bool within_bits(u64 frame, unsigned order, u32 mem_flags)
{
	u32 bits = XENMEMF_get_address_bits(mem_flags);

	if (!bits || bits >= 52)
		return true;
	return bits > PAGE_SHIFT && frame + BIT(order) <= BIT(bits - PAGE_SHIFT);
}

static int release_frame(struct domain *d, u64 frame)
{
	struct page *p;
	bool was_allocated;

	if (!frame_valid(mfn(frame)))
		return fail(EINVAL);
	p = page_of(mfn(frame));
	if (!page_get(p, d))
		return fail(EINVAL);
	was_allocated = page_release(p);
	page_put(p);
	return was_allocated ? 0 : fail(EINVAL);
}

static struct page *alloc_extent(struct extents *e)
{
	unsigned order = e->r.extent_order;
	struct page *p = page_alloc(e->d, order, alloc_flags(e->r.mem_flags));

	if (!p || within_bits(page_frame(p).n, order, e->r.mem_flags))
		return p;
	/* another vcpu may have released some already: those may be somebody else's by now */
	for (u64 i = 0; i < BIT(order); i++)
		(void)release_frame(e->d, page_frame(p).n + i);
	return NULL;
}

/* One extent each; 0 = done, anything else ends the list there. */
static int increase(struct extents *e)
{
	struct page *p = alloc_extent(e);
	xen_pfn_t frame;

	if (!p)
		return -ENOMEM;
	frame = page_frame(p).n;
	if (GUEST_ADDR(e->r.extent_start) && handle_put(e->r.extent_start, e->at, &frame))
		return -EFAULT;
	return 0;
}

void memory_name_frames(struct domain *d, struct page *p, unsigned order, u64 pfn)
{
	for (u64 i = 0; i < BIT(order); i++) {
		if (!page_get(p + i, d))
			continue;
		m2p_set(page_frame(p + i), pfn + i);
		page_put(p + i);
	}
}

static int populate(struct extents *e)
{
	xen_pfn_t pfn, frame;
	struct page *p;

	if (handle_get(&pfn, e->r.extent_start, e->at))
		return -EFAULT;
	p = alloc_extent(e);
	if (!p)
		return -ENOMEM;
	frame = page_frame(p).n;
	memory_name_frames(e->d, p, e->r.extent_order, pfn);
	return handle_put(e->r.extent_start, e->at, &frame);
}

static int decrease(struct extents *e)
{
	xen_pfn_t frame;
	int ret;

	if (handle_get(&frame, e->r.extent_start, e->at))
		return -EFAULT;
	for (u64 i = 0; i < BIT(e->r.extent_order); i++) {
		ret = release_frame(e->d, frame + i);
		if (ret)
			return ret;
	}
	return 0;
}

static long run_extents(struct extents *e, int (*one)(struct extents *e))
{
	u64 frames = 0;

	for (e->at = e->first; e->at < e->r.nr_extents; e->at++) {
		if (frames >= FRAMES_PER_CHECK) {
			frames = 0;
			if (should_yield())
				return hc_restart(1, (u64)e->cmd | e->at << CMD_BITS);
		}
		if (one(e))
			break;
		frames += BIT(e->r.extent_order);
	}
	return (long)e->at;
}

static long reservation_op(u32 cmd, u64 first, GUEST_PTR(void) arg)
{
	struct extents e = { .cmd = cmd, .first = first };
	long ret;

	if (guest_read(&e.r, arg))
		return (long)first;
	if (e.r.nr_extents > ~0ul >> CMD_BITS || first >= e.r.nr_extents)
		return (long)first;
	if (e.r.extent_order > order_max())
		return (long)first;
	if (cmd == XENMEM_populate_physmap && (e.r.mem_flags & XENMEMF_populate_on_demand))
		return fail(EINVAL);
	if (hc_domain_get(e.r.domid, &e.d))
		return (long)first;
	if (cmd == XENMEM_increase_reservation)
		ret = run_extents(&e, increase);
	else if (cmd == XENMEM_populate_physmap)
		ret = run_extents(&e, populate);
	else
		ret = run_extents(&e, decrease);
	domain_put(e.d);
	return ret;
}

long hc_memory_op(u64 cmd, GUEST_PTR(void) arg)
{
	u32 op = cmd & CMD_MASK;

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap: return reservation_op(op, cmd >> CMD_BITS, arg);
	case XENMEM_exchange: return memory_exchange(arg);
	default: return memory_query(op, arg);
	}
}
