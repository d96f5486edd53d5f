/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations of HYPERVISOR_memory_op that change no reservation: totals, the machine-to-phys
 * table, memory maps, claims, and frames of another domain's grant table. What needs a translated
 * guest answers the error that Xen gives a PV one.
 */
#include <xen/memory.h>

#include "core/grant.h"
#include "hc/hc_domain.h"
#include "hc/hypercall.h"
#include "hc/memory.h"
#include "lib/string.h"
#include "pv/m2p.h"
#include "x86/boot_info.h"

#define M2P_RO_END \
	0xffff804000000000ul /* of the range that <xen/arch-x86/xen-x86_64.h> sets aside */
#define RESOURCE_BATCH 32

/* The guest says so in its shared info; 0 when it did not yet, and never what looks like an error.
 */
static long last_gfn(const struct domain *d)
{
	u64 count = READ_ONCE(d->shared->arch.max_pfn);

	return count && count < BIT(52) ? (long)count - 1 : 0;
}

static long reservation_total(u32 op, GUEST_PTR(void) arg)
{
	struct xen_memory_domain who;
	struct domain *d;
	long ret;

	if (guest_read(&who, arg))
		return -EFAULT;
	ret = hc_domain_get(who.domid, &d);
	if (ret)
		return ret;
	if (op == XENMEM_current_reservation)
		ret = (long)d->tot_pages;
	else if (op == XENMEM_maximum_reservation)
		ret = (long)d->max_pages;
	else
		ret = last_gfn(d);
	domain_put(d);
	return ret;
}

static long machphys_list(GUEST_PTR(void) arg)
{
	xen_machphys_mfn_list_t list;

	if (guest_read(&list, arg))
		return -EFAULT;
	for (list.nr_extents = 0; list.nr_extents < list.max_extents; list.nr_extents++) {
		xen_pfn_t frame;

		if (list.nr_extents >= m2p_frames())
			break;
		frame = m2p_frame(list.nr_extents).n;
		if (handle_put(list.extent_start, list.nr_extents, &frame))
			return -EFAULT;
	}
	return guest_write(arg, &list);
}

static long machphys_mapping(GUEST_PTR(void) arg)
{
	xen_machphys_mapping_t m = {
		.v_start = M2P_RO_START,
		.v_end = M2P_RO_END,
		.max_mfn = frame_limit() - 1,
	};

	return guest_write(arg, &m);
}

static long host_memory_map(GUEST_PTR(void) arg)
{
	xen_memory_map_t map;
	u32 i, count;

	if (!current_domain()->privileged)
		return fail(EPERM);
	if (guest_read(&map, arg))
		return -EFAULT;
	count = min(map.nr_entries, boot_info.range_count);
	for (i = 0; i < count; i++) {
		struct memory_map_entry e = {
			.start = boot_info.ranges[i].start,
			.bytes = boot_info.ranges[i].bytes,
			.type = boot_info.ranges[i].type,
		};

		if (handle_put(map.buffer, i, &e))
			return -EFAULT;
	}
	map.nr_entries = count;
	return guest_write(arg, &map);
}

static long own_map(GUEST_PTR(void) arg)
{
	struct hc_domain *h = READ_ONCE(current_domain()->hc);
	xen_memory_map_t map;
	long ret = 0;

	if (guest_read(&map, arg))
		return -EFAULT;
	if (!h)
		return fail(ENOSYS);
	spin_lock(&h->lock);
	map.nr_entries = min(map.nr_entries, h->map_entries);
	if (!h->map_entries)
		ret = fail(ENOSYS);
	else
		ret = guest_out(GUEST_ADDR(map.buffer), 0, h->map, sizeof(*h->map), map.nr_entries);
	spin_unlock(&h->lock);
	return ret ? ret : guest_write(arg, &map);
}

static long store_map(struct domain *d, const xen_memory_map_t *map)
{
	struct memory_map_entry *fresh, *old;
	struct hc_domain *h;

	h = hc_domain_of(d);
	fresh = heap_alloc(max(map->nr_entries, 1u) * sizeof(*fresh));
	if (!h || !fresh) {
		heap_free(fresh);
		return fail(ENOMEM);
	}
	if (guest_in(fresh, GUEST_ADDR(map->buffer), 0, sizeof(*fresh), map->nr_entries)) {
		heap_free(fresh);
		return -EFAULT;
	}
	spin_lock(&h->lock);
	old = h->map;
	h->map = fresh;
	h->map_entries = map->nr_entries;
	spin_unlock(&h->lock);
	heap_free(old);
	return 0;
}

static long set_map(GUEST_PTR(void) arg)
{
	xen_foreign_memory_map_t foreign;
	struct domain *d;
	long ret;

	if (guest_read(&foreign, arg))
		return -EFAULT;
	if (foreign.map.nr_entries > MEMORY_MAP_MAX)
		return fail(EINVAL);
	ret = hc_domain_get(foreign.domid, &d);
	if (ret)
		return ret;
	ret = store_map(d, &foreign.map);
	domain_put(d);
	return ret;
}

static long claim(GUEST_PTR(void) arg)
{
	xen_memory_reservation_t r;
	struct domain *d;
	long ret;

	if (!current_domain()->privileged)
		return fail(EPERM);
	if (guest_read(&r, arg))
		return -EFAULT;
	if (GUEST_ADDR(r.extent_start) || r.extent_order || r.mem_flags)
		return fail(EINVAL);
	ret = hc_domain_get(r.domid, &d);
	if (ret)
		return ret;
	ret = domain_claim_pages(d, r.nr_extents);
	domain_put(d);
	return ret;
}

static long put_resource(struct domain *d, const xen_mem_acquire_resource_t *r)
{
	xen_pfn_t frames[RESOURCE_BATCH];
	u32 in_batch = 0;

	for (u32 i = 0; i < r->nr_frames; i++) {
		frames[in_batch] = grant_frame(d, (u32)r->frame + i).n;
		if (frames[in_batch] == INVALID_MFN_RAW)
			return fail(EINVAL);
		if (++in_batch < RESOURCE_BATCH && i + 1 < r->nr_frames)
			continue;
		if (guest_out(GUEST_ADDR(r->frame_list), i + 1 - in_batch, frames,
			    sizeof(frames[0]), in_batch))
			return -EFAULT;
		in_batch = 0;
	}
	return 0;
}

static long grant_resource(struct domain *d, xen_mem_acquire_resource_t *r, GUEST_PTR(void) arg)
{
	u32 now, limit;

	grant_query_size(d, &now, &limit);
	if (r->id == XENMEM_resource_grant_table_id_status)
		return fail(EINVAL); /* version 1 has no status frames */
	if (r->id != XENMEM_resource_grant_table_id_shared)
		return fail(EINVAL);
	if (!GUEST_ADDR(r->frame_list)) {
		if (r->nr_frames)
			return fail(EINVAL);
		r->nr_frames = limit;
		return guest_write(arg, r);
	}
	if (r->frame > limit || r->nr_frames > limit - r->frame)
		return fail(EINVAL);
	return put_resource(d, r);
}

static long acquire_resource(GUEST_PTR(void) arg)
{
	xen_mem_acquire_resource_t r;
	struct domain *d;
	long ret;

	if (!current_domain()->privileged)
		return fail(EPERM);
	if (guest_read(&r, arg))
		return -EFAULT;
	if (r.pad)
		return fail(EINVAL);
	if (r.domid == DOMID_SELF || r.domid == current_domain()->id)
		return fail(EPERM);
	ret = hc_domain_get(r.domid, &d);
	if (ret)
		return ret;
	if (r.type == XENMEM_resource_grant_table)
		ret = grant_resource(d, &r, arg);
	else
		ret = fail(EOPNOTSUPP);
	domain_put(d);
	return ret;
}

static long reserved_map(GUEST_PTR(void) arg)
{
	xen_reserved_device_memory_map_t map;

	if (guest_read(&map, arg))
		return -EFAULT;
	map.nr_entries = 0; /* no IOMMU: no device has reserved memory */
	return guest_write(arg, &map);
}

long memory_query(u32 op, GUEST_PTR(void) arg)
{
	switch (op) {
	case XENMEM_maximum_ram_page: return (long)frame_limit() - 1;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn: return reservation_total(op, arg);
	case XENMEM_machphys_mfn_list: return machphys_list(arg);
	case XENMEM_machphys_mapping: return machphys_mapping(arg);
	case XENMEM_memory_map: return own_map(arg);
	case XENMEM_machine_memory_map: return host_memory_map(arg);
	case XENMEM_set_memory_map: return set_map(arg);
	case XENMEM_claim_pages: return claim(arg);
	case XENMEM_acquire_resource: return acquire_resource(arg);
	case XENMEM_reserved_device_memory_map: return reserved_map(arg);
	case XENMEM_get_vnumainfo:
		return fail(EOPNOTSUPP); /* no domain is given virtual NUMA nodes */
	case XENMEM_add_to_physmap:
	case XENMEM_add_to_physmap_batch:
	case XENMEM_remove_from_physmap: return fail(EACCES); /* for translated guests */
	case XENMEM_set_pod_target:
	case XENMEM_get_pod_target:
		return fail(EINVAL); /* populate on demand is for translated guests */
	default: return hc_unknown(__HYPERVISOR_memory_op, op);
	}
}
