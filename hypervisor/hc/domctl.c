/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_domctl's dispatch: interface version, the domain, the row. Only the control domain
 * gets here (abi/hypercalls.def); no lock is held while a row runs, so a caller that may not call
 * cannot hold anybody up (C17).
 */
#include "hc/domctl.h"

#include "hc/hypercall.h"

typedef int domctl_fn(struct domain *d, xen_domctl_t *op);

#define ANSWERS	  1 /* the operation is copied back when it succeeded */
#define NO_DOMAIN 2 /* op->domain names none that exists */
#define NEXT	  4 /* the first domain from op->domain on */
#define EXPLAINS  8 /* the operation is copied back also when it failed: it says where */

static int refuse_unsupported(struct domain *d, xen_domctl_t *op)
{
	return fail(EOPNOTSUPP);
}

static int refuse_device(struct domain *d, xen_domctl_t *op)
{
	return fail(ENODEV); /* no IOMMU */
}

static const struct {
	domctl_fn *call;
	u8 flags;
} rows[] = {
	[XEN_DOMCTL_createdomain] = { domctl_create, ANSWERS | NO_DOMAIN },
	[XEN_DOMCTL_destroydomain] = { domctl_destroy, 0 },
	[XEN_DOMCTL_pausedomain] = { domctl_pause, 0 },
	[XEN_DOMCTL_unpausedomain] = { domctl_unpause, 0 },
	[XEN_DOMCTL_resumedomain] = { domctl_resume, 0 },
	[XEN_DOMCTL_getdomaininfo] = { domctl_info, ANSWERS | NEXT },
	[XEN_DOMCTL_max_vcpus] = { domctl_max_vcpus, 0 },
	[XEN_DOMCTL_max_mem] = { domctl_max_mem, 0 },
	[XEN_DOMCTL_setdomainhandle] = { domctl_handle, 0 },
	[XEN_DOMCTL_settimeoffset] = { domctl_time_offset, 0 },
	[XEN_DOMCTL_get_address_size] = { domctl_address_size_get, ANSWERS },
	[XEN_DOMCTL_set_address_size] = { domctl_address_size_set, 0 },
	[XEN_DOMCTL_getnodeaffinity] = { domctl_node_affinity_get, 0 },
	[XEN_DOMCTL_setnodeaffinity] = { domctl_node_affinity_set, 0 },
	[XEN_DOMCTL_set_virq_handler] = { domctl_virq_handler, 0 },
	[XEN_DOMCTL_irq_permission] = { domctl_irq_permission, 0 },
	[XEN_DOMCTL_iomem_permission] = { domctl_iomem_permission, 0 },
	[XEN_DOMCTL_ioport_permission] = { domctl_ioport_permission, 0 },
	[XEN_DOMCTL_setvcpucontext] = { domctl_context_set, 0 },
	[XEN_DOMCTL_getvcpucontext] = { domctl_context_get, 0 },
	[XEN_DOMCTL_getvcpuinfo] = { domctl_vcpu_info, ANSWERS },
	[XEN_DOMCTL_setvcpuaffinity] = { domctl_affinity_set, 0 },
	[XEN_DOMCTL_getvcpuaffinity] = { domctl_affinity_get, 0 },
	[XEN_DOMCTL_scheduler_op] = { domctl_scheduler, ANSWERS },
	[XEN_DOMCTL_sendtrigger] = { domctl_trigger, 0 },
	[XEN_DOMCTL_getpageframeinfo3] = { domctl_frame_info, 0 },
	[XEN_DOMCTL_hypercall_init] = { domctl_hypercall_page, 0 },
	[XEN_DOMCTL_gettscinfo] = { domctl_tsc_get, ANSWERS },
	[XEN_DOMCTL_settscinfo] = { domctl_tsc_set, 0 },
	[XEN_DOMCTL_set_ext_vcpucontext] = { domctl_extended_set, 0 },
	[XEN_DOMCTL_get_ext_vcpucontext] = { domctl_extended_get, ANSWERS },
	[XEN_DOMCTL_getvcpuextstate] = { domctl_xstate_get, ANSWERS },
	[XEN_DOMCTL_setvcpuextstate] = { domctl_xstate_set, 0 },
	[XEN_DOMCTL_get_vcpu_msrs] = { domctl_msrs_get, ANSWERS },
	[XEN_DOMCTL_set_vcpu_msrs] = { domctl_msrs_set, ANSWERS },
	[XEN_DOMCTL_get_cpu_policy] = { domctl_policy_get, ANSWERS },
	[XEN_DOMCTL_set_cpu_policy] = { domctl_policy_set, ANSWERS | EXPLAINS },
	[XEN_DOMCTL_shadow_op] = { refuse_unsupported, 0 },
	[XEN_DOMCTL_setvnumainfo] = { refuse_unsupported, 0 },
	[XEN_DOMCTL_monitor_op] = { refuse_unsupported, 0 },
	[XEN_DOMCTL_vmtrace_op] = { refuse_unsupported, 0 },
	[XEN_DOMCTL_get_paging_mempool_size] = { refuse_unsupported, 0 },
	[XEN_DOMCTL_set_paging_mempool_size] = { refuse_unsupported, 0 },
	[XEN_DOMCTL_assign_device] = { refuse_device, 0 },
	[XEN_DOMCTL_test_assign_device] = { refuse_device, 0 },
	[XEN_DOMCTL_deassign_device] = { refuse_device, 0 },
	[XEN_DOMCTL_get_device_group] = { refuse_device, 0 },
	[XEN_DOMCTL_psr_cmt_op] = { refuse_device, 0 },
	[XEN_DOMCTL_psr_alloc] = { refuse_device, 0 },
};

static long run(xen_domctl_t *op, GUEST_PTR(xen_domctl_t) arg)
{
	u8 flags = rows[op->cmd].flags;
	struct domain *d = NULL;
	long ret;

	if (flags & NEXT)
		d = domain_find_next(op->domain);
	else if (!(flags & NO_DOMAIN))
		d = domain_find(op->domain);
	if (!d && !(flags & NO_DOMAIN))
		return fail(ESRCH);
	ret = rows[op->cmd].call(d, op);
	if (d)
		domain_put(d);
	if (ret == -ERESTART)
		return hc_restart(0);
	if ((ret ? flags & EXPLAINS : flags & ANSWERS) && guest_put(arg, 0, op))
		return -EFAULT;
	return ret;
}

long hc_domctl(GUEST_PTR(xen_domctl_t) arg)
{
	xen_domctl_t op;

	if (guest_get(&op, arg, 0))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return fail(EACCES);
	if (op.cmd >= ARRAY_SIZE(rows) || !rows[op.cmd].call)
		return hc_unknown(__HYPERVISOR_domctl, op.cmd);
	return run(&op, arg);
}
