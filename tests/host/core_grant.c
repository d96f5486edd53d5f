/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core/grant*.c: results of each refusal, and a model: two domains map, unmap, copy and rewrite
 * shared entries at random; after each step pins, maptrack, page references, type references and
 * GTF flags must be what the model says.
 */
#include "fake_machine.h"

#include <string.h>

#include "core/grant.h"

static struct domain *granter, *mapper;
static struct page *page[8]; /* the granter's */
static u64 pte[64];	     /* fake page-table entries of the mapper */

static struct grant_entry_v1 *shared(struct domain *d, u32 ref)
{
	return &d->grants->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

static void entry_set(u32 ref, u16 flags, u16 domid, struct page *p)
{
	*shared(granter, ref) = (struct grant_entry_v1){ flags, domid, (u32)page_frame(p).n };
}

static unsigned count_of(const struct page *p)
{
	return (unsigned)(p->ref & PAGE_COUNT);
}

static int do_map(u32 ref, u32 flags, u64 *at, u32 *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (u64)at, .flags = flags, .ref = ref, .dom = granter->id, .status = 77
	};

	grant_map_ref(&op);
	if (op.status == GNTST_okay) {
		*handle = op.handle;
		assert_int_equal(op.dev_bus_addr >> PAGE_SHIFT, *at >> 12);
	}
	return op.status;
}

static int do_unmap(u64 *at, u32 handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = (u64)at, .handle = handle, .status = 77 };

	grant_unmap_ref(&op);
	return op.status;
}

/* The mapper runs on the CPU of the test. */
static int setup(void **state)
{
	granter = fake_domain(1, 1, true);
	mapper = fake_domain(2, 1, true);
	for (unsigned i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = page_alloc(granter, 0, 0);
	fake_current[FAKE_OUTSIDE] = mapper->vcpu[0];
	memset(pte, 0, sizeof(pte));
	return 0;
}

static int teardown(void **state)
{
	grant_unmap_done();
	fake_current[FAKE_OUTSIDE] = idle_domain->vcpu[0];
	for (unsigned i = 0; i < ARRAY_SIZE(pte); i++) /* the mapper's page tables go */
		if (pte[i])
			page_put(page_of(mfn(pte[i] >> 12)));
	fake_kill(mapper);
	fake_kill(granter);
	assert_int_equal(fake_domains_alive, 0);
	return 0;
}

static void test_map_refusals(void **state)
{
	struct gnttab_map_grant_ref op = { .dom = 1 };
	u32 h;

	grant_map_ref(&op);
	assert_int_equal(op.status, GNTST_bad_gntref); /* neither host nor device */
	op.flags = GNTMAP_host_map;
	op.dom = 9;
	grant_map_ref(&op);
	assert_int_equal(op.status, GNTST_bad_domain);
	op.dom = 1;
	op.flags |= GNTMAP_device_map;
	grant_map_ref(&op);
	assert_int_equal(op.status, GNTST_general_error);
	assert_int_equal(
		do_map(512, GNTMAP_host_map, pte, &h), GNTST_bad_gntref); /* one frame of entries */
	assert_int_equal(do_map(~0u, GNTMAP_host_map, pte, &h), GNTST_bad_gntref);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error); /* empty */
	entry_set(9, GTF_permit_access, 3, page[0]);
	assert_int_equal(
		do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error); /* for another */
	entry_set(9, GTF_accept_transfer, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error);
	entry_set(9, GTF_permit_access | GTF_sub_page, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error);
	entry_set(9, GTF_permit_access | GTF_readonly, 2, page[0]);
	assert_int_equal(
		do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error); /* writable wanted */
	entry_set(9, GTF_permit_access, 2, page[0]);
	shared(granter, 9)->frame = 5; /* not RAM of the granter */
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_bad_page);
	shared(granter, 9)->frame = ~0u;
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_bad_page);
	shared(granter, 9)->frame =
		(u32)frame_of(granter->shared).n; /* shared with it, not its own */
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_bad_page);
	entry_set(9, GTF_permit_access, 2, page[0]);
	page[0]->type = 1ull << 63; /* a page table: not writable by anybody */
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error);
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(do_map(9, GNTMAP_host_map | GNTMAP_readonly, pte, &h), GNTST_okay);
	assert_int_equal(do_unmap(pte, h), GNTST_okay);
	grant_unmap_done();
	page[0]->type = 0;
	/* the page table refuses: all is undone */
	assert_int_equal(do_map(9, GNTMAP_host_map, (u64 *)0xbad00000000, &h), GNTST_general_error);
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(count_of(page[0]), 1);
	assert_int_equal(page[0]->type, 0);
	assert_int_equal(mapper->grants->maptrack_used, 0);
}

static void test_unmap_refusals(void **state)
{
	struct gnttab_unmap_grant_ref op = { .handle = 5 };
	u32 h;

	grant_unmap_ref(&op);
	assert_int_equal(op.status, GNTST_bad_handle);
	op.handle = ~0u;
	grant_unmap_ref(&op);
	assert_int_equal(op.status, GNTST_bad_handle);
	entry_set(9, GTF_permit_access, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_okay);
	assert_int_equal(do_unmap(pte, h + 1), GNTST_bad_handle);
	assert_int_equal(do_unmap(pte + 1, h), GNTST_general_error);
	assert_int_equal(do_unmap(NULL, h), GNTST_okay); /* no address: nothing is undone */
	assert_int_equal(mapper->grants->maptrack_used, 1);
	assert_int_equal(granter->grants->active[0][9].pins, 1);
	assert_int_equal(do_unmap(pte, h), GNTST_okay);
	assert_int_equal(do_unmap(pte, h), GNTST_bad_handle);
	/* the granter does not see it before the translation is flushed */
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	grant_unmap_done();
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(count_of(page[0]), 1);
}

/* The mapper overwrote the entry: the handle can still be given back, and the frame with it. */
static void test_unmap_after_the_entry_went_by_hand(void **state)
{
	u32 h, h2;

	entry_set(9, GTF_permit_access, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_okay);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte + 1, &h2), GNTST_okay);
	assert_int_equal(do_unmap(pte + 1, h), GNTST_general_error); /* another one's entry */
	pte[0] = 0;
	page_put(page[0]);
	assert_int_equal(do_unmap(pte, h), GNTST_okay);
	grant_unmap_done();
	assert_int_equal(granter->grants->active[0][9].pins, 1);
	assert_int_equal(do_unmap(pte + 1, h2), GNTST_okay);
	grant_unmap_done();
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(count_of(page[0]), 1);
}

static u32 race_handle;
static int race_result;

static void unmap_from_another_vcpu(void)
{
	race_result = do_unmap(pte + 1, race_handle);
}

/* A handle that another vcpu is making or unmapping is none: else one pin went twice. */
static void test_busy_handles(void **state)
{
	u32 h, h2;

	entry_set(9, GTF_permit_access, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_okay);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte + 1, &h2), GNTST_okay);
	assert_int_equal(do_unmap(pte + 1, h2), GNTST_okay);
	grant_unmap_done();
	race_handle = h2; /* the next one that is handed out */
	fake_hook = unmap_from_another_vcpu;
	assert_int_equal(do_map(9, GNTMAP_host_map, (u64 *)0xbad00000000, &h), GNTST_general_error);
	assert_int_equal(race_result, GNTST_bad_handle);
	assert_int_equal(granter->grants->active[0][9].pins, 1);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte + 1, &h2), GNTST_okay);
	race_handle = h2;
	fake_hook = unmap_from_another_vcpu;
	assert_int_equal(do_unmap(pte + 1, h2), GNTST_okay);
	assert_int_equal(race_result, GNTST_bad_handle);
	grant_unmap_done();
	assert_int_equal(granter->grants->active[0][9].pins, 1);
}

static void test_frame_is_kept_from_first_pin(void **state)
{
	u32 h, h2;

	entry_set(9, GTF_permit_access, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map | GNTMAP_readonly, pte, &h), GNTST_okay);
	entry_set(9, GTF_permit_access | GTF_reading, 2, page[1]); /* the granter cheats */
	assert_int_equal(do_map(9, GNTMAP_host_map, pte + 1, &h2), GNTST_okay);
	assert_int_equal(pte[1] >> 12, page_frame(page[0]).n);
	assert_int_equal(count_of(page[1]), 1);
	assert_int_equal(page[0]->type, 1);
	*shared(granter, 9) = (struct grant_entry_v1){ 0, 0, 0 }; /* and takes it all back */
	assert_int_equal(do_unmap(pte, h), GNTST_okay);
	assert_int_equal(do_unmap(pte + 1, h2), GNTST_okay);
	grant_unmap_done();
	assert_int_equal(count_of(page[0]), 1);
	assert_int_equal(page[0]->type, 0);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_general_error);
}

static void test_exhaustion(void **state)
{
	u32 h, n = 0, max = 8 * (u32)MAPTRACK_PER_PAGE;

	entry_set(9, GTF_permit_access, 2, page[0]);
	while (do_map(9, GNTMAP_host_map | GNTMAP_readonly, pte + n % 60, &h) == GNTST_okay)
		n++;
	assert_int_equal(n, 255);	      /* pins of one entry */
	for (u32 i = 0; i < max - 255; i++) { /* maptrack; the page tables do not matter here */
		entry_set(10 + i / 200, GTF_permit_access, 2, page[1]);
		assert_int_equal(
			do_map(10 + i / 200, GNTMAP_host_map | GNTMAP_readonly, &(u64){ 0 }, &h),
			GNTST_okay);
	}
	assert_int_equal(do_map(11, GNTMAP_host_map | GNTMAP_readonly, pte, &h), GNTST_no_space);
	assert_int_equal(mapper->grants->maptrack_used, max);
	/* the references of entries that the fake page table forgot */
	while (count_of(page[1]) > (max - 255 + 199) / 200 + 1)
		page_put(page[1]);
	for (unsigned i = 0; i < 255 - 60; i++)
		page_put(page[0]);
}

static void copy_status(struct gnttab_copy op, int status)
{
	struct grant_copies alone = { .from = { .domain = NULL } };

	assert_int_equal(grant_copy(&alone, &op), status);
	grant_copies_end(&alone);
}

static void test_copy(void **state)
{
	struct page *own = page_alloc(mapper, 0, 0);
	u64 own_frame = page_frame(own).n;
	u8 *there = page_map(page[2]), *here = page_map(own);
	struct gnttab_copy in = { .flags = GNTCOPY_source_gref,
		.len = 100,
		.source = { .u.ref = 9, .domid = 1, .offset = 10 },
		.dest = { .u.gmfn = own_frame, .domid = DOMID_SELF, .offset = 3996 } };
	struct gnttab_copy out = { .flags = GNTCOPY_dest_gref,
		.len = 4096,
		.source = { .u.gmfn = own_frame, .domid = DOMID_SELF },
		.dest = { .u.ref = 9, .domid = 1 } };

	for (unsigned i = 0; i < PAGE_SIZE; i++)
		there[i] = (u8)(i * 7 + 1);
	entry_set(9, GTF_permit_access | GTF_readonly, 2, page[2]);
	copy_status(in, GNTST_okay);
	assert_memory_equal(here + 3996, there + 10, 100);
	copy_status(out, GNTST_general_error); /* read-only */
	entry_set(9, GTF_permit_access, 2, page[2]);
	memset(here, 0x33, PAGE_SIZE);
	copy_status(out, GNTST_okay);
	assert_memory_equal(here, there, PAGE_SIZE);
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(count_of(page[2]), 1);
	assert_int_equal(count_of(own), 1);
	assert_int_equal(own->type, 0);

	in.dest.offset = 3997;
	copy_status(in, GNTST_bad_copy_arg);
	in.dest.offset = 0;
	in.source.offset = 3997;
	copy_status(in, GNTST_bad_copy_arg);
	in.source.offset = 0xffff;
	in.len = 0xffff;
	copy_status(in, GNTST_bad_copy_arg);
	in.source.offset = 0;
	in.len = 1;
	in.source.domid = 9;
	copy_status(in, GNTST_bad_domain);
	in.source.domid = 1;
	in.source.u.ref = 600;
	copy_status(in, GNTST_bad_gntref);
	in.source.u.ref = 9;
	in.dest.domid = 1; /* a frame number is only good for oneself */
	copy_status(in, GNTST_permission_denied);
	in.dest.domid = DOMID_SELF;
	in.dest.u.gmfn = page_frame(page[0]).n;
	copy_status(in, GNTST_bad_page);
	in.dest.u.gmfn = ~0ull;
	copy_status(in, GNTST_bad_page);
	in.dest.u.gmfn = own_frame;
	own->type = 1ull << 63;
	copy_status(in, GNTST_general_error);
	own->type = 0;
	copy_status(in, GNTST_okay);
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(count_of(own), 1);
}

/* What neighbours have in common is pinned once, and let go when it is not the same any more. */
static void test_copies_share(void **state)
{
	struct page *own = page_alloc(mapper, 0, 0), *other = page_alloc(mapper, 0, 0);
	struct grant_copies run = { .from = { .domain = NULL } };
	struct gnttab_copy op = { .flags = GNTCOPY_source_gref,
		.len = 16,
		.source = { .u.ref = 9, .domid = 1 },
		.dest = { .u.gmfn = page_frame(own).n, .domid = DOMID_SELF } };
	const struct active_entry *a = &granter->grants->active[0][9];
	u32 refs = granter->refs, own_refs = mapper->refs;

	memset(page_map(page[2]), 0x22, PAGE_SIZE);
	memset(page_map(page[3]), 0x33, PAGE_SIZE);
	entry_set(9, GTF_permit_access, 2, page[2]);
	entry_set(10, GTF_permit_access | GTF_readonly, 2, page[3]);
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	assert_int_equal(a->pins, 1);
	assert_true(shared(granter, 9)->flags & GTF_reading);
	assert_int_equal(own->type, 1);
	/* revoked: what is pinned is still copied, and nothing else */
	*shared(granter, 9) = (struct grant_entry_v1){ GTF_reading, 0, 0 };
	op.dest.offset = 16;
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	assert_int_equal(((u8 *)page_map(own))[31], 0x22);
	assert_int_equal(a->pins, 1);
	assert_int_equal(granter->refs, refs + 1);
	assert_int_equal(mapper->refs, own_refs + 1);
	/* the bounds are each element's own */
	op.dest.offset = 4081;
	assert_int_equal(grant_copy(&run, &op), GNTST_bad_copy_arg);
	op.dest.offset = 0;
	/* another page: the first one is the granter's again, and cannot be had again */
	op.source.u.ref = 10;
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	assert_int_equal(((u8 *)page_map(own))[0], 0x33);
	assert_int_equal(a->pins, 0);
	assert_int_equal(shared(granter, 9)->flags, 0);
	assert_int_equal(count_of(page[2]), 1);
	op.source.u.ref = 9;
	assert_int_equal(grant_copy(&run, &op), GNTST_general_error);
	/* the same number, but a frame; the same name, but another domain's */
	op.source = (struct gnttab_copy_ptr){ .u.gmfn = 10, .domid = DOMID_SELF };
	op.flags = 0;
	assert_int_equal(grant_copy(&run, &op), GNTST_bad_page);
	op.source.domid = 1;
	assert_int_equal(grant_copy(&run, &op), GNTST_permission_denied);
	op.flags = GNTCOPY_source_gref;
	op.source.u.ref = 10;
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	op.source.domid = DOMID_SELF;
	assert_int_equal(grant_copy(&run, &op), GNTST_general_error);
	op.source.domid = 9;
	assert_int_equal(grant_copy(&run, &op), GNTST_bad_domain);
	/* pinned for reading is not pinned for writing */
	op.source = (struct gnttab_copy_ptr){ .u.gmfn = page_frame(other).n, .domid = DOMID_SELF };
	op.dest = (struct gnttab_copy_ptr){ .u.ref = 10, .domid = 1 };
	op.flags = GNTCOPY_dest_gref;
	assert_int_equal(grant_copy(&run, &op), GNTST_general_error);
	assert_int_equal(own->type, 0);
	entry_set(9, GTF_permit_access, 2, page[2]);
	op.dest.u.ref = 9;
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	assert_int_equal(a->write_pins, 1);
	*shared(granter, 9) = (struct grant_entry_v1){ GTF_reading | GTF_writing, 0, 0 };
	grant_copies_end(&run);
	assert_int_equal(shared(granter, 9)->flags, 0);
	assert_int_equal(count_of(page[2]), 1);
	assert_int_equal(count_of(page[3]), 1);
	assert_int_equal(count_of(own), 1);
	assert_int_equal(count_of(other), 1);
	assert_int_equal(granter->refs, refs);
	assert_int_equal(mapper->refs, own_refs);
}

/* The granter dies between two elements: its pinned page keeps it, and no other is given. */
static void test_granter_dies_between_copies(void **state)
{
	struct page *own = page_alloc(mapper, 0, 0);
	struct grant_copies run = { .from = { .domain = NULL } };
	struct gnttab_copy op = { .flags = GNTCOPY_source_gref,
		.len = 16,
		.source = { .u.ref = 9, .domid = 1 },
		.dest = { .u.gmfn = page_frame(own).n, .domid = DOMID_SELF } };

	entry_set(9, GTF_permit_access, 2, page[2]);
	entry_set(10, GTF_permit_access, 2, page[3]);
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	fake_kill(granter);
	assert_int_equal(fake_domains_alive, 2);
	assert_int_equal(grant_copy(&run, &op), GNTST_okay);
	op.source.u.ref = 10;
	assert_int_equal(grant_copy(&run, &op), GNTST_bad_domain);
	op.source.u.ref = 9;
	assert_int_equal(grant_copy(&run, &op), GNTST_bad_domain);
	grant_copies_end(&run);
	fake_settle();
	assert_int_equal(fake_domains_alive, 1);
	granter = fake_domain(1, 1, true); /* for teardown */
}

static void test_table_ops(void **state)
{
	u32 frames, max, h;
	mfn_t frame;

	grant_query_size(granter, &frames, &max);
	assert_int_equal(frames, 1);
	assert_int_equal(max, 8);
	assert_int_equal(grant_setup(granter, 9), -EINVAL);
	assert_int_equal(grant_setup(granter, 3), 0);
	grant_query_size(granter, &frames, &max);
	assert_int_equal(frames, 3);
	assert_true(grant_frame(granter, 8).n == INVALID_MFN_RAW);
	frame = grant_frame(granter, 5);
	assert_int_equal(frame.n, frame_of(granter->grants->shared[5]).n);
	assert_true(page_owned_by(page_of(frame), 1));
	assert_int_equal(grant_set_size(granter, 5, 8), -EBUSY);
	assert_int_equal(grant_set_size(granter, 0, 8), -EINVAL);
	assert_int_equal(grant_set_size(granter, 16, 8), 0);
	assert_int_equal(grant_setup(granter, 16), 0);
	assert_int_equal(grant_seed(granter, 1, 2, gfn(page_frame(page[3]).n)), 0);
	assert_int_equal(grant_seed(granter, 16 * 512, 2, gfn(1)), -EINVAL);
	assert_int_equal(do_map(1, GNTMAP_host_map, pte, &h), GNTST_okay);
	assert_int_equal(grant_swap(granter, 1, 2), GNTST_eagain);
	assert_int_equal(grant_swap(granter, 1, 16 * 512), GNTST_bad_gntref);
	assert_int_equal(do_unmap(pte, h), GNTST_okay);
	grant_unmap_done();
	assert_int_equal(grant_swap(granter, 1, 2), GNTST_okay);
	assert_int_equal(shared(granter, 1)->flags, 0);
	assert_int_equal(shared(granter, 2)->flags, GTF_permit_access);
	assert_int_equal(grant_swap(granter, 2, 2), GNTST_okay);
	assert_int_equal(shared(granter, 2)->flags, GTF_permit_access);
	assert_int_equal(grant_version(granter), 1);
}

static void test_granter_dies_first(void **state)
{
	u32 h;

	entry_set(9, GTF_permit_access, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_okay);
	assert_true(domain_get(granter));
	fake_kill(granter);
	assert_int_equal(granter->dying, DOMAIN_DEAD);
	assert_int_equal(granter->tot_pages, 1);
	domain_put(granter);
	fake_settle();
	assert_int_equal(fake_domains_alive, 2); /* the mapped page keeps it */
	assert_int_equal(do_unmap(pte, h), GNTST_okay);
	grant_unmap_done();
	fake_settle();
	assert_int_equal(fake_domains_alive, 1);
	granter = fake_domain(1, 1, true); /* for teardown */
}

static void test_mapper_dies_first(void **state)
{
	u32 h;

	entry_set(9, GTF_permit_access, 2, page[0]);
	assert_int_equal(do_map(9, GNTMAP_host_map, pte, &h), GNTST_okay);
	page_put(page_of(mfn(pte[0] >> 12))); /* its page tables go */
	pte[0] = 0;
	fake_current[FAKE_OUTSIDE] = idle_domain->vcpu[0];
	fake_kill(mapper);
	assert_int_equal(shared(granter, 9)->flags, GTF_permit_access);
	assert_int_equal(count_of(page[0]), 1);
	assert_int_equal(page[0]->type, 0);
	mapper = fake_domain(2, 1, true);
}

/* ---- the model ---- */

#define REFS  12u
#define SLOTS 40u

static struct {
	bool used;
	u32 handle, ref, flags;
} slot[SLOTS];

static struct {
	unsigned pins, writes;
	struct page *frame;
} model[REFS];

static void check_model(void)
{
	unsigned used = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		used += slot[i].used;
	assert_int_equal(mapper->grants->maptrack_used, used);
	for (u32 r = 0; r < REFS; r++) {
		const struct active_entry *a = &granter->grants->active[0][r];

		assert_int_equal(a->pins, model[r].pins);
		assert_int_equal(a->write_pins, model[r].writes);
		if (model[r].pins)
			assert_int_equal(a->frame, page_frame(model[r].frame).n);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(page); i++) {
		unsigned refs = 1, types = 0;

		for (u32 r = 0; r < REFS; r++) {
			refs += model[r].pins && model[r].frame == page[i];
			types += model[r].writes && model[r].frame == page[i];
		}
		for (unsigned s = 0; s < SLOTS; s++)
			refs += slot[s].used &&
				model[slot[s].ref].frame == page[i]; /* the page-table entry's */
		assert_int_equal(count_of(page[i]), refs);
		assert_int_equal(page[i]->type, types);
	}
}

static void model_map(unsigned s)
{
	u32 ref = (u32)rand() % REFS, flags = GNTMAP_host_map | (rand() % 2 ? GNTMAP_readonly : 0);
	struct grant_entry_v1 e = *shared(granter, ref);
	bool write = !(flags & GNTMAP_readonly), may, check;
	int rc = do_map(ref, flags, &pte[s], &slot[s].handle);

	/* the entry is looked at for a first pin and a first writing one only */
	check = !model[ref].pins || (write && !model[ref].writes);
	may = !check || ((e.flags & (GTF_type_mask | GTF_sub_page)) == GTF_permit_access &&
				e.domid == mapper->id && !(write && (e.flags & GTF_readonly)));
	assert_int_equal(rc, may ? GNTST_okay : GNTST_general_error);
	if (rc)
		return;
	slot[s].used = true;
	slot[s].ref = ref;
	slot[s].flags = flags;
	if (!model[ref].pins)
		for (unsigned i = 0; i < ARRAY_SIZE(page); i++)
			if (page_frame(page[i]).n == e.frame)
				model[ref].frame = page[i];
	model[ref].pins++;
	model[ref].writes += write;
	if (check)
		assert_true(shared(granter, ref)->flags & (write ? GTF_writing : GTF_reading));
}

static void model_unmap(unsigned s)
{
	unsigned wrong = (unsigned)rand() % SLOTS;

	if (wrong != s && pte[wrong] != pte[s]) {
		assert_int_equal(do_unmap(&pte[wrong], slot[s].handle), GNTST_general_error);
		grant_unmap_done();
		check_model();
	}
	assert_int_equal(do_unmap(&pte[s], slot[s].handle), GNTST_okay);
	grant_unmap_done();
	slot[s].used = false;
	model[slot[s].ref].pins--;
	model[slot[s].ref].writes -= !(slot[s].flags & GNTMAP_readonly);
	if (!model[slot[s].ref].pins)
		assert_false(shared(granter, slot[s].ref)->flags & GTF_reading);
	if (!model[slot[s].ref].writes && !(slot[s].flags & GNTMAP_readonly))
		assert_false(shared(granter, slot[s].ref)->flags & GTF_writing);
}

/* Some copies out of entries at random, as one run. */
static void model_copies(mfn_t own)
{
	struct grant_copies copies = { .from = { .domain = NULL } };
	struct gnttab_copy op = { .flags = GNTCOPY_source_gref,
		.len = 8,
		.source = { .domid = 1 },
		.dest = { .u.gmfn = own.n, .domid = DOMID_SELF } };
	u32 before = ~0u;

	for (unsigned i = 0; i < 4; i++) {
		struct grant_entry_v1 e;
		bool may;

		op.source.u.ref = (u32)rand() % REFS;
		e = *shared(granter, op.source.u.ref);
		may = model[op.source.u.ref].pins || op.source.u.ref == before ||
		      ((e.flags & GTF_type_mask) == GTF_permit_access && e.domid == mapper->id);
		assert_int_equal(grant_copy(&copies, &op), may ? GNTST_okay : GNTST_general_error);
		before = may ? op.source.u.ref : ~0u;
	}
	grant_copies_end(&copies);
}

static void test_model(void **state)
{
	struct page *own = page_alloc(mapper, 0, 0);

	memset(slot, 0, sizeof(slot));
	memset(model, 0, sizeof(model));
	srand(7);
	for (unsigned round = 0; round < 30000; round++) {
		unsigned s = (unsigned)rand() % SLOTS;
		u32 ref = (u32)rand() % REFS;

		switch (rand() % 6) {
		case 0: /* the granter writes what it likes */
			entry_set(ref,
				(u16)(rand() % 8 ? GTF_permit_access |
							   (rand() % 3 ? 0 : GTF_readonly)
						 : (unsigned)rand()),
				(u16)(rand() % 6 ? 2 : rand() % 4),
				page[rand() % ARRAY_SIZE(page)]);
			break;
		case 1: model_copies(page_frame(own)); break;
		default:
			if (slot[s].used)
				model_unmap(s);
			else
				model_map(s);
		}
		check_model();
	}
	for (unsigned s = 0; s < SLOTS; s++)
		if (slot[s].used)
			model_unmap(s);
	check_model();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_map_refusals),
		T(test_unmap_refusals),
		T(test_unmap_after_the_entry_went_by_hand),
		T(test_busy_handles),
		T(test_frame_is_kept_from_first_pin),
		T(test_exhaustion),
		T(test_copy),
		T(test_copies_share),
		T(test_granter_dies_between_copies),
		T(test_table_ops),
		T(test_granter_dies_first),
		T(test_mapper_dies_first),
		T(test_model),
	};

	fake_boot(2, 4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
