/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domctls of a domain as a whole: creation to destruction, its limits, its name tag and clock. */
#include "core/event.h"
#include "hc/bitmap.h"
#include "hc/domctl.h"
#include "hc/hc_domain.h"
#include "hc/hypercall.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "pv/pv.h"
#include "pv/traps.h"

#define CDF_KNOWN (XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_xs_domain)

static int check_config(const struct xen_domctl_createdomain *c)
{
	u32 grants = XEN_DOMCTL_GRANT_version(c->grant_opts);

	if (c->flags & ~CDF_KNOWN)
		return fail(EINVAL); /* hvm, hap, iommu, nested, vpmu: not here */
	if (c->iommu_opts || c->vmtrace_size)
		return fail(EINVAL);
	if (!c->max_vcpus || c->max_vcpus > MAX_VCPUS)
		return fail(EINVAL);
	if (grants != 1 || c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask)
		return fail(EINVAL);
	if (c->cpupool_id)
		return fail(ESRCH);
	if (c->arch.emulation_flags || c->arch.misc_flags & ~XEN_X86_MSR_RELAXED)
		return fail(EINVAL);
	return 0;
}

int domctl_create(struct domain *none, xen_domctl_t *op)
{
	struct xen_domctl_createdomain *c = &op->u.createdomain;
	struct domain *d;
	int id = op->domain, ret = check_config(c);

	if (ret)
		return ret;
	if (c->max_grant_frames < 0)
		c->max_grant_frames = (s32)opt.gnttab_max_frames;
	if (c->max_maptrack_frames < 0)
		c->max_maptrack_frames = (s32)opt.gnttab_max_maptrack_frames;
	if (id == 0 || id >= (int)DOMID_FIRST_RESERVED)
		id = domain_free_id();
	if (id < 0)
		return id;
	ret = domain_create((u16)id, c, &pv_ops, false, &d);
	if (ret)
		return ret;
	op->domain = d->id;
	return 0;
}

int domctl_destroy(struct domain *d, xen_domctl_t *op)
{
	if (d == current_domain() || d->privileged)
		return fail(EINVAL);
	return domain_kill(d);
}

int domctl_pause(struct domain *d, xen_domctl_t *op)
{
	if (d == current_domain())
		return fail(EINVAL);
	return domain_pause_by_controller(d);
}

int domctl_unpause(struct domain *d, xen_domctl_t *op)
{
	if (d == current_domain())
		return fail(EINVAL);
	return domain_unpause_by_controller(d);
}

int domctl_resume(struct domain *d, xen_domctl_t *op)
{
	if (d == current_domain())
		return fail(EINVAL);
	domain_resume(d);
	return 0;
}

int domctl_info(struct domain *d, xen_domctl_t *op)
{
	memset(&op->u.getdomaininfo, 0, sizeof(op->u.getdomaininfo));
	domain_info(d, &op->u.getdomaininfo);
	op->domain = d->id;
	return 0;
}

int domctl_max_vcpus(struct domain *d, xen_domctl_t *op)
{
	int ret = 0;

	if (d == current_domain() || op->u.max_vcpus.max != d->max_vcpus)
		return fail(EINVAL);
	domain_pause(d);
	for (unsigned i = 0; i < d->max_vcpus && !ret; i++)
		if (!vcpu_of(d, i))
			ret = vcpu_create(d, i);
	domain_unpause(d);
	return ret;
}

int domctl_max_mem(struct domain *d, xen_domctl_t *op)
{
	u64 pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

	spin_lock(&d->page_lock);
	d->max_pages = min(pages, (u64)0xffffffff);
	spin_unlock(&d->page_lock);
	return 0;
}

int domctl_handle(struct domain *d, xen_domctl_t *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

int domctl_time_offset(struct domain *d, xen_domctl_t *op)
{
	d->time_offset_seconds = op->u.settimeoffset.time_offset_seconds;
	pv_wallclock_update(d);
	return 0;
}

int domctl_address_size_get(struct domain *d, xen_domctl_t *op)
{
	op->u.address_size.size = 64;
	return 0;
}

int domctl_address_size_set(struct domain *d, xen_domctl_t *op)
{
	if (d->tot_pages)
		return fail(EACCES);
	return op->u.address_size.size == 64 ? 0 : fail(EINVAL);
}

/* There is one node. */
int domctl_node_affinity_get(struct domain *d, xen_domctl_t *op)
{
	struct cpumask node = { { 1 } };

	return cpumask_to_guest(&op->u.nodeaffinity.nodemap, &node);
}

int domctl_node_affinity_set(struct domain *d, xen_domctl_t *op)
{
	struct cpumask nodes;
	int ret = cpumask_from_guest(&nodes, &op->u.nodeaffinity.nodemap);

	if (ret)
		return ret;
	return cpumask_test(&nodes, 0) ? 0 : fail(EINVAL);
}

int domctl_virq_handler(struct domain *d, xen_domctl_t *op)
{
	return event_set_global_virq_handler(d, op->u.set_virq_handler.virq);
}
