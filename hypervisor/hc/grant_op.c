/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_grant_table_op: arrays of requests, one row a sub-operation. Each element is copied in
 * once, worked on, and copied back with its status. A long array stops and goes on with the rest.
 * Version 1 only: set_version refuses 2, transfer has no row.
 */
#include "core/grant.h"
#include "core/softirq.h"
#include "hc/hypercall.h"

#define PER_CHECK 32

union grant_arg {
	gnttab_map_grant_ref_t map;
	gnttab_unmap_grant_ref_t unmap;
	gnttab_unmap_and_replace_t replace;
	gnttab_swap_grant_ref_t swap;
	gnttab_query_size_t query;
	gnttab_setup_table_t setup;
	gnttab_set_version_t set_version;
	gnttab_get_version_t get_version;
	gnttab_get_status_frames_t status_frames;
	gnttab_dump_table_t dump;
};

static int op_map(union grant_arg *a)
{
	grant_map_ref(&a->map);
	return 0;
}

static int op_unmap(union grant_arg *a)
{
	grant_unmap_ref(&a->unmap);
	return 0;
}

static int op_replace(union grant_arg *a)
{
	grant_unmap_and_replace(&a->replace);
	return 0;
}

static int op_swap(union grant_arg *a)
{
	a->swap.status = (s16)grant_swap(current_domain(), a->swap.ref_a, a->swap.ref_b);
	return 0;
}

/* Grant calls say in their status, not in rax, that a domain is wrong. */
static s16 domain_status(u16 domid, struct domain **out)
{
	struct domain *d;
	int ret = hc_domain_get(domid, out);

	if (!ret)
		return GNTST_okay;
	if (ret != -EPERM)
		return GNTST_bad_domain;
	d = domain_find(domid); /* is there such a domain? grant tables always told */
	if (!d)
		return GNTST_bad_domain;
	domain_put(d);
	return GNTST_permission_denied;
}

static int op_query(union grant_arg *a)
{
	struct domain *d;

	a->query.status = domain_status(a->query.dom, &d);
	if (a->query.status != GNTST_okay)
		return 0;
	grant_query_size(d, &a->query.nr_frames, &a->query.max_nr_frames);
	domain_put(d);
	return 0;
}

static int setup_frames(struct domain *d, gnttab_setup_table_t *setup)
{
	int ret = grant_setup(d, setup->nr_frames);

	if (ret) {
		setup->status = GNTST_general_error;
		return 0;
	}
	for (u32 i = 0; i < setup->nr_frames; i++) {
		xen_pfn_t frame = grant_frame(d, i).n;

		if (handle_put(setup->frame_list, i, &frame))
			return -EFAULT;
	}
	return 0;
}

static int op_setup(union grant_arg *a)
{
	struct domain *d;
	u32 now, limit;
	int ret = 0;

	a->setup.status = domain_status(a->setup.dom, &d);
	if (a->setup.status != GNTST_okay)
		return 0;
	grant_query_size(d, &now, &limit);
	if (a->setup.nr_frames > limit)
		a->setup.status = GNTST_general_error;
	else
		ret = setup_frames(d, &a->setup);
	domain_put(d);
	return ret;
}

static int op_set_version(union grant_arg *a)
{
	u32 wanted = a->set_version.version;

	a->set_version.version = grant_version(current_domain());
	if (wanted == 1)
		return 0;
	return wanted == 2 ? fail(ENOSYS) : fail(EINVAL);
}

static int op_get_version(union grant_arg *a)
{
	struct domain *d;
	int ret = hc_domain_get(a->get_version.dom, &d);

	if (ret)
		return ret;
	a->get_version.version = grant_version(d);
	domain_put(d);
	return 0;
}

static int op_status_frames(union grant_arg *a)
{
	struct domain *d;

	a->status_frames.status = domain_status(a->status_frames.dom, &d);
	if (a->status_frames.status != GNTST_okay)
		return 0;
	a->status_frames.status = GNTST_general_error; /* version 1 has none */
	domain_put(d);
	return 0;
}

static int op_dump(union grant_arg *a)
{
	struct domain *d;

	a->dump.status = domain_status(a->dump.dom, &d);
	if (a->dump.status != GNTST_okay)
		return 0;
	if (current_domain()->privileged)
		grant_dump(d);
	domain_put(d);
	return 0;
}

static const struct grant_op {
	int (*call)(union grant_arg *a); /* NULL: run_copies() */
	u8 bytes;
	bool single; /* takes one element only */
	bool unmaps; /* translations go: grant_unmap_done() flushes them and lets the granters know
		      */
} ops[] = {
	[GNTTABOP_map_grant_ref] = { op_map, sizeof(gnttab_map_grant_ref_t), false, false },
	[GNTTABOP_unmap_grant_ref] = { op_unmap, sizeof(gnttab_unmap_grant_ref_t), false, true },
	[GNTTABOP_setup_table] = { op_setup, sizeof(gnttab_setup_table_t), true, false },
	[GNTTABOP_dump_table] = { op_dump, sizeof(gnttab_dump_table_t), true, false },
	[GNTTABOP_copy] = { NULL, sizeof(gnttab_copy_t), false, false },
	[GNTTABOP_query_size] = { op_query, sizeof(gnttab_query_size_t), true, false },
	[GNTTABOP_unmap_and_replace] = { op_replace, sizeof(gnttab_unmap_and_replace_t), false,
		true },
	[GNTTABOP_set_version] = { op_set_version, sizeof(gnttab_set_version_t), true, false },
	[GNTTABOP_get_status_frames] = { op_status_frames, sizeof(gnttab_get_status_frames_t), true,
		false },
	[GNTTABOP_get_version] = { op_get_version, sizeof(gnttab_get_version_t), true, false },
	[GNTTABOP_swap_grant_ref] = { op_swap, sizeof(gnttab_swap_grant_ref_t), false, false },
};

static int run_one(const struct grant_op *op, u64 at)
{
	union grant_arg a;
	int ret;

	if (guest_in_one(&a, at, op->bytes))
		return -EFAULT;
	ret = op->call(&a);
	if ((!ret || op->call == op_set_version) && unlikely(guest_copy_out(at, &a, op->bytes)))
		return fail(EFAULT);
	return ret;
}

/* *count: elements to do, the first at `at`; becomes those that are left. Each element's range is
 * checked where it is copied. */
static int run_array(const struct grant_op *op, u64 at, u32 *count)
{
	for (u32 i = 0; *count; i++, --*count, at += op->bytes) {
		int ret;

		if (i % PER_CHECK == PER_CHECK - 1) {
			if (op->unmaps)
				grant_unmap_done(); /* before others may run */
			if (should_yield())
				return -ERESTART;
		}
		ret = run_one(op, at);
		if (ret)
			return ret;
	}
	return 0;
}

/* The same for copies: what neighbours have in common is kept from one to the next. */
static int run_copies(u64 at, u32 *count)
{
	struct grant_copies copies = { .from = { .domain = NULL } };
	gnttab_copy_t op;
	s16 status;
	int ret = 0;

	for (u32 i = 0; *count; i++, --*count, at += sizeof(op)) {
		if (i % PER_CHECK == PER_CHECK - 1 && should_yield()) {
			ret = -ERESTART;
			break;
		}
		ret = guest_in_one(&op, at, sizeof(op));
		if (ret)
			break;
		status = (s16)grant_copy(&copies, &op);
		if (unlikely(guest_copy_out(
			    at + offsetof(gnttab_copy_t, status), &status, sizeof(status)))) {
			ret = fail(EFAULT);
			break;
		}
	}
	grant_copies_end(&copies);
	return ret;
}

long hc_grant_table_op(u32 cmd, GUEST_PTR(void) array, u32 count)
{
	const struct grant_op *op;
	u32 total = count;
	int ret;

	if ((s32)count < 0)
		return fail(EINVAL);
	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].bytes)
		return hc_unknown(__HYPERVISOR_grant_table_op, cmd);
	op = &ops[bounded(cmd, ARRAY_SIZE(ops))];
	if (op->single && count != 1)
		return fail(EINVAL);
	ret = op->call ? run_array(op, array.addr, &count) : run_copies(array.addr, &count);
	if (op->unmaps)
		grant_unmap_done();
	if (ret == -ERESTART)
		return hc_restart(
			3, (u64)cmd, array.addr + (u64)(total - count) * op->bytes, (u64)count);
	return ret;
}
