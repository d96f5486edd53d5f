/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_memory_op on the fake machine: the three list operations answer how many extents they
 * did, whatever stopped them; frames go to and come from the right domain; an exchange that fails
 * in the middle leaves the domain with what it had, its machine-to-phys entries too.
 */
#include "fake_machine.h"

#include <string.h>

#include "hc/hc_domain.h"
#include "hc/hypercall.h"
#include "hc_guest_memory.h"
#include "hc_pv_stubs.h"

#define ARG  0u /* offsets in the guest's memory */
#define LIST 1024u
#define OUT  8192u

static struct domain *control, *guest, *other;

static void become(struct domain *d)
{
	fake_current[fake_cpu] = d->vcpu[0];
	stub_reset();
}

static long memory_op(u64 cmd, const void *arg, size_t bytes)
{
	return hc_memory_op(cmd, as_ptr_void(guest_place(ARG, arg, bytes)));
}

static long reserve(u64 cmd, u16 domid, u64 count, unsigned order)
{
	xen_memory_reservation_t r = { .nr_extents = count, .extent_order = order, .domid = domid };

	r.extent_start.p = (xen_pfn_t *)guest_address(LIST);
	return memory_op(cmd, &r, sizeof(r));
}

static xen_pfn_t *list(void)
{
	return (xen_pfn_t *)(guest_memory + LIST);
}

static void populate_and_decrease(void **state)
{
	u64 free = frames_free(), had = guest->tot_pages;

	become(guest);
	for (unsigned i = 0; i < 20; i++)
		list()[i] = 1000 + i * 4;
	assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, 20, 2), 20);
	assert_int_equal(guest->tot_pages, had + 80);
	assert_int_equal(frames_free(), free - 80);
	for (unsigned i = 0; i < 20; i++)
		for (unsigned j = 0; j < 4; j++) {
			assert_true(page_owned_by(page_of(mfn(list()[i] + j)), guest->id));
			assert_int_equal(stub_m2p[list()[i] + j], 1000 + i * 4 + j);
		}
	/* somebody else's frame ends the list there */
	become(other);
	assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, 20, 2), 0);
	become(guest);
	list()[7] ^= 0x100000000ull;
	assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, 20, 2), 7);
	list()[7] ^= 0x100000000ull;
	assert_int_equal(reserve(XENMEM_decrease_reservation | 7 << 6, DOMID_SELF, 20, 2), 20);
	assert_int_equal(guest->tot_pages, had);
	assert_int_equal(frames_free(), free);
	/* twice is once too often */
	assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, 20, 2), 0);
}

/* What another vcpu of the guest does while an extent is given back: it is quicker with the second
 * frame, and another domain gets that. */
static u64 second_frame;

static void give_second_frame_away(struct page *first)
{
	static struct domain_ops plain;
	struct page *p = first + 1;

	plain = *guest->ops;
	plain.page_freed = NULL;
	guest->ops = &plain;
	second_frame = page_frame(p).n;
	assert_true(page_get(p, guest));
	assert_true(page_release(p));
	page_put(p);
	assert_ptr_equal(page_alloc(other, 0, 0), p);
}

static void refused_extent_leaves_others_frames(void **state)
{
	xen_memory_reservation_t r = { .nr_extents = 1,
		.extent_order = 1,
		.domid = DOMID_SELF,
		.mem_flags = XENMEMF_address_bits(20) };
	const struct domain_ops *was = guest->ops;
	struct domain_ops racing = *was;
	u64 had = guest->tot_pages, others = other->tot_pages;

	become(guest);
	racing.page_freed = give_second_frame_away;
	guest->ops = &racing;
	second_frame = 0;
	assert_int_equal(memory_op(XENMEM_increase_reservation, &r, sizeof(r)), 0);
	guest->ops = was;
	assert_int_not_equal(second_frame, 0);
	assert_int_equal(guest->tot_pages, had);
	assert_int_equal(other->tot_pages, others + 1);
	assert_true(page_owned_by(page_of(mfn(second_frame)), other->id));
	assert_true(page_release(page_of(mfn(second_frame))));
	assert_int_equal(other->tot_pages, others);
}

static void limits_give_partial_counts(void **state)
{
	u64 max = guest->max_pages;

	become(guest);
	guest->max_pages = guest->tot_pages + 5;
	memset(list(), 0, 64);
	assert_int_equal(reserve(XENMEM_increase_reservation, DOMID_SELF, 8, 0), 5);
	assert_int_equal(reserve(XENMEM_increase_reservation, DOMID_SELF, 8, 0), 0);
	assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, 5, 0), 5);
	guest->max_pages = max;
	/* nothing to do, too much to do, bad pointers: the count that was asked to go on with */
	assert_int_equal(reserve(XENMEM_increase_reservation, DOMID_SELF, 0, 0), 0);
	assert_int_equal(reserve(XENMEM_increase_reservation | 9 << 6, DOMID_SELF, 9, 0), 9);
	assert_int_equal(reserve(XENMEM_increase_reservation, DOMID_SELF, ~0ull, 0), 0);
	assert_int_equal(reserve(XENMEM_increase_reservation, DOMID_SELF, 1, 10), 0);
	assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, 1, 64), 0);
	assert_int_equal(hc_memory_op(XENMEM_populate_physmap | 3 << 6, as_ptr_void(8)), 3);
	/* another domain only for the control domain */
	assert_int_equal(reserve(XENMEM_increase_reservation, other->id, 1, 0), 0);
	assert_int_equal(other->tot_pages, 0);
	become(control);
	assert_int_equal(reserve(XENMEM_increase_reservation, other->id, 1, 0), 1);
	assert_int_equal(other->tot_pages, 1);
	assert_int_equal(reserve(XENMEM_decrease_reservation, other->id, 1, 0), 1);
	assert_int_equal(other->tot_pages, 0);
}

/* ---- exchange ---- */

static xen_memory_exchange_t exchange(u64 in, unsigned in_order, u64 out, unsigned out_order)
{
	xen_memory_exchange_t x = {
		.in = { .nr_extents = in, .extent_order = in_order, .domid = DOMID_SELF },
		.out = { .nr_extents = out, .extent_order = out_order, .domid = DOMID_SELF }
	};

	x.in.extent_start.p = (xen_pfn_t *)guest_address(LIST);
	x.out.extent_start.p = (xen_pfn_t *)guest_address(OUT);
	return x;
}

static u64 exchanged(void)
{
	return ((xen_memory_exchange_t *)(guest_memory + ARG))->nr_exchanged;
}

static void own_frames(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		list()[i] = 5000 + i;
	assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, count, 0), count);
}

static void exchange_makes_memory_contiguous(void **state)
{
	xen_memory_exchange_t x = exchange(16, 0, 1, 4);
	xen_pfn_t pfn = 7000, old[16], *out = (xen_pfn_t *)(guest_memory + OUT);
	u64 had, free;

	become(guest);
	own_frames(16);
	memcpy(old, list(), sizeof(old));
	had = guest->tot_pages;
	free = frames_free();
	*out = pfn;
	assert_int_equal(memory_op(XENMEM_exchange, &x, sizeof(x)), 0);
	assert_int_equal(exchanged(), 16);
	assert_int_equal(guest->tot_pages, had);
	assert_int_equal(frames_free(), free);
	for (unsigned i = 0; i < 16; i++) {
		assert_true(page_owned_by(page_of(mfn(*out + i)), guest->id));
		assert_int_equal(stub_m2p[*out + i], pfn + i);
	}
	/* and back into single ones */
	x = exchange(1, 4, 16, 0);
	list()[0] = *out;
	for (unsigned i = 0; i < 16; i++)
		out[i] = 8000 + i;
	assert_int_equal(memory_op(XENMEM_exchange, &x, sizeof(x)), 0);
	assert_int_equal(exchanged(), 1);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(stub_m2p[out[i]], 8000 + i);
	memcpy(list(), out, 16 * sizeof(*out));
	assert_int_equal(reserve(XENMEM_decrease_reservation, DOMID_SELF, 16, 0), 16);
	assert_int_equal(guest->tot_pages, had - 16);
}

static void failed_exchange_changes_nothing(void **state)
{
	xen_memory_exchange_t x = exchange(32, 0, 2, 4);
	xen_pfn_t old[32], *out = (xen_pfn_t *)(guest_memory + OUT);
	u64 had;

	become(guest);
	own_frames(32);
	memcpy(old, list(), sizeof(old));
	had = guest->tot_pages;
	out[0] = 9000;
	out[1] = 9100;
	list()[29] = 3; /* not ours: the second chunk fails, the first one is done */
	assert_int_equal(memory_op(XENMEM_exchange, &x, sizeof(x)), -EINVAL);
	assert_int_equal(exchanged(), 16);
	assert_int_equal(guest->tot_pages, had);
	for (unsigned i = 16; i < 32; i++) {
		assert_true(page_owned_by(page_of(mfn(old[i])), guest->id));
		assert_int_equal(stub_m2p[old[i]], 5000 + i);
		assert_int_equal(page_of(mfn(old[i]))->type, 0);
	}
	/* a frame that is in use elsewhere cannot be given away */
	assert_true(page_get(page_of(mfn(old[16])), guest));
	x = exchange(1, 0, 1, 0);
	list()[0] = old[16];
	assert_int_equal(memory_op(XENMEM_exchange, &x, sizeof(x)), -EBUSY);
	page_put(page_of(mfn(old[16])));
	/* memory below 16 MiB is not there (the fake machine's starts above): all or nothing */
	x.out.mem_flags = XENMEMF_address_bits(20);
	assert_int_equal(memory_op(XENMEM_exchange, &x, sizeof(x)), -ENOMEM);
	assert_true(page_owned_by(page_of(mfn(old[16])), guest->id));
	assert_int_equal(stub_m2p[old[16]], 5016);
	assert_int_equal(guest->tot_pages, had);
}

static void exchange_refuses_nonsense(void **state)
{
	static const struct {
		u64 in, out, done;
		unsigned in_order, out_order;
		long answer;
	} bad[] = {
		{ 4, 1, 0, 0, 3, -EINVAL },  /* 4 frames for 8 */
		{ 1, 1, 2, 0, 0, -EINVAL },  /* more done than asked */
		{ 16, 1, 3, 0, 4, -EINVAL }, /* done up to the middle of a chunk */
		{ 1, 1, 0, 13, 13, -EPERM }, { 1, 1, 0, 64, 64, -EPERM },
		{ 1ull << 63, 1ull << 63, 0, 1, 1, -EINVAL }, /* products that wrap */
	};

	become(guest);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		xen_memory_exchange_t x =
			exchange(bad[i].in, bad[i].in_order, bad[i].out, bad[i].out_order);

		x.nr_exchanged = bad[i].done;
		assert_int_equal(memory_op(XENMEM_exchange, &x, sizeof(x)), bad[i].answer);
	}
	assert_int_equal(hc_memory_op(XENMEM_exchange, as_ptr_void(0)), -EFAULT);
}

/* ---- questions ---- */

static void totals_and_maps(void **state)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF }, them = { .domid = 0 };
	xen_machphys_mapping_t mapping;
	xen_memory_map_t map = { .nr_entries = 10 };
	xen_foreign_memory_map_t set = { .domid = 3, .map = { .nr_entries = 2 } };

	become(guest);
	assert_int_equal(hc_memory_op(XENMEM_maximum_ram_page, as_ptr_void(0)), frame_limit() - 1);
	assert_int_equal(
		memory_op(XENMEM_current_reservation, &self, sizeof(self)), guest->tot_pages);
	assert_int_equal(
		memory_op(XENMEM_maximum_reservation, &self, sizeof(self)), guest->max_pages);
	assert_int_equal(memory_op(XENMEM_current_reservation, &them, sizeof(them)), -EPERM);
	guest->shared->arch.max_pfn = 0;
	assert_int_equal(memory_op(XENMEM_maximum_gpfn, &self, sizeof(self)), 0);
	guest->shared->arch.max_pfn = 100;
	assert_int_equal(memory_op(XENMEM_maximum_gpfn, &self, sizeof(self)), 99);
	guest->shared->arch.max_pfn = ~0ull;
	assert_int_equal(memory_op(XENMEM_maximum_gpfn, &self, sizeof(self)), 0);
	assert_int_equal(memory_op(XENMEM_machphys_mapping, &mapping, sizeof(mapping)), 0);
	assert_int_equal(((xen_machphys_mapping_t *)guest_memory)->v_start, 0xffff800000000000);
	assert_int_equal(memory_op(XENMEM_machine_memory_map, &map, sizeof(map)), -EPERM);
	map.buffer.p = (void *)guest_address(LIST);
	assert_int_equal(memory_op(XENMEM_memory_map, &map, sizeof(map)), -ENOSYS);
	become(control);
	map.buffer.p = (void *)guest_address(LIST);
	assert_int_equal(memory_op(XENMEM_machine_memory_map, &map, sizeof(map)), 0);
	assert_int_equal(((xen_memory_map_t *)guest_memory)->nr_entries, 2);
	set.domid = guest->id;
	set.map.buffer.p = (void *)guest_address(LIST); /* the machine's: two entries */
	assert_int_equal(memory_op(XENMEM_set_memory_map, &set, sizeof(set)), 0);
	set.map.nr_entries = 129;
	assert_int_equal(memory_op(XENMEM_set_memory_map, &set, sizeof(set)), -EINVAL);
	become(guest);
	memset(guest_memory + LIST, 0, 64);
	assert_int_equal(memory_op(XENMEM_memory_map, &map, sizeof(map)), 0);
	assert_int_equal(((xen_memory_map_t *)guest_memory)->nr_entries, 2);
	assert_int_equal(((u64 *)(guest_memory + LIST))[1], 0x9f000);
}

/* Whoever found a domain before it was destroyed may still be at work on its memory map. */
static void map_outlives_destroy(void **state)
{
	struct domain *d = fake_domain(9, 1, true);
	xen_foreign_memory_map_t set = { .domid = 9, .map = { .nr_entries = 2 } };
	xen_domctl_t op = { .cmd = XEN_DOMCTL_destroydomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = 9 };
	struct hc_domain *h;
	long ret;

	assert_true(domain_get(d));
	become(control);
	set.map.buffer.p = (void *)guest_address(LIST);
	assert_int_equal(memory_op(XENMEM_set_memory_map, &set, sizeof(set)), 0);
	h = d->hc;
	do
		ret = hc_domctl(as_ptr_xen_domctl_t(guest_place(ARG, &op, sizeof(op))));
	while (ret == -ERESTART);
	assert_int_equal(ret, 0);
	fake_settle();
	become(control);
	assert_ptr_equal(d->hc, h);
	assert_int_equal(h->map_entries, 2);
	domain_put(d);
	fake_settle();
	become(control);
}

static void grant_frames_as_a_resource(void **state)
{
	xen_mem_acquire_resource_t r = { .type = XENMEM_resource_grant_table };

	r.domid = guest->id;
	become(guest);
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), -EPERM);
	become(control);
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), 0);
	assert_int_equal(((xen_mem_acquire_resource_t *)guest_memory)->nr_frames, 8);
	r.frame_list.p = (xen_pfn_t *)guest_address(LIST);
	r.nr_frames = 3;
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_true(page_owned_by(page_of(mfn(list()[i])), guest->id));
	r.frame = 6;
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), -EINVAL);
	r.frame = ~0ull;
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), -EINVAL);
	r.frame = 0;
	r.pad = 1;
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), -EINVAL);
	r.pad = 0;
	r.domid = DOMID_SELF;
	assert_int_equal(memory_op(XENMEM_acquire_resource, &r, sizeof(r)), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(populate_and_decrease),
		cmocka_unit_test(refused_extent_leaves_others_frames),
		cmocka_unit_test(limits_give_partial_counts),
		cmocka_unit_test(exchange_makes_memory_contiguous),
		cmocka_unit_test(failed_exchange_changes_nothing),
		cmocka_unit_test(exchange_refuses_nonsense),
		cmocka_unit_test(totals_and_maps),
		cmocka_unit_test(map_outlives_destroy),
		cmocka_unit_test(grant_frames_as_a_resource),
	};

	fake_boot(1, 8192);
	control = fake_domain(0, 1, true);
	guest = fake_domain(3, 1, true);
	other = fake_domain(4, 1, true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
