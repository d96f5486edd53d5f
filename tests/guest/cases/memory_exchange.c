// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XENMEM_exchange trades frames for others of another shape, here one for one and an order that the
 * domain may not have; nr_exchanged tells how far it came. The old frame must have no mapping left.
 */
#include "test.h"

static long exchange(xen_pfn_t *in, xen_pfn_t *out, u64 count, unsigned int out_order, u64 *done)
{
	struct xen_memory_exchange x = {
		.in = { .nr_extents = count, .domid = DOMID_SELF },
		.out = { .nr_extents = count >> out_order,
			.extent_order = out_order,
			.domid = DOMID_SELF },
	};
	long error;

	set_xen_guest_handle(x.in.extent_start, in);
	set_xen_guest_handle(x.out.extent_start, out);
	error = HC(memory_op, XENMEM_exchange, &x);
	*done = x.nr_exchanged;
	return error;
}

TEST(memory_exchange, "exchange of frames")
{
	u64 *page = page_alloc(), *mapped = page_alloc();
	xen_pfn_t in[2] = { virt_to_mfn(page) }, out[2] = { virt_to_pfn(page) };
	u64 done;
	long error;

	CHECK_EQ(va_write(page, 0), 0);
	error = exchange(in, out, 1, 0, &done);
	fact("one", "%ld, done %lu", error, done);
	CHECK_EQ(error, 0);
	p2m_set(virt_to_pfn(page), out[0]);
	CHECK_EQ(va_write(page, MAKE_PTE(out[0], PTE_RW_DATA)), 0);
	CHECK_EQ(machine_to_phys_mapping[out[0]], virt_to_pfn(page));

	in[0] = 1ul << 40;
	error = exchange(in, out, 1, 0, &done);
	fact("no such frame", "%ld, done %lu", error, done);
	in[0] = virt_to_mfn(mapped);
	out[0] = virt_to_pfn(mapped);
	error = exchange(in, out, 0, 0, &done);
	fact("none", "%ld, done %lu", error, done);
	error = exchange((void *)HYPERVISOR_VIRT_START, out, 1, 0, &done);
	fact("hypervisor's list", "%ld", error);
	error = exchange(in, (void *)HYPERVISOR_VIRT_START, 1, 0, &done);
	fact("hypervisor's result (xsa-212)", "%ld", error);
	fact("order 63", "%ld", exchange(in, out, 1ul << 63, 63, &done));
}
