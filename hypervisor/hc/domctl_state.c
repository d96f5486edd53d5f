/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domctls of a domain builder and of saving a domain: frame types, hypercall page, TSC, the state
 * of a vcpu that its context does not have (32-bit entry points, extended registers, MSRs).
 */
#include "core/frame.h"
#include "hc/domctl.h"
#include "hc/hc_domain.h"
#include "hc/hypercall.h"
#include "lib/string.h"
#include "pv/dom0.h"
#include "pv/pagetype.h"
#include "pv/traps.h"
#include "pv/tsc.h"
#include "x86/xstate.h"

#define LEGACY_BYTES   512 /* of an XSAVE area before its header */
#define LEGACY_MXCSR   24
#define MXCSR_BITS     0xffffu
#define FRAME_INFO_MAX 1024
#define FRAME_BATCH    64
#define EXTENDED_BYTES (offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap))
#define XSTATE_HEADER  (2 * sizeof(u64)) /* XCR0 and the bits ever set in it precede the area */

static xen_pfn_t frame_type(const struct domain *d, u64 frame)
{
	static const u32 types[] = {
		[PT_NONE] = XEN_DOMCTL_PFINFO_NOTAB,
		[PT_WRITABLE] = XEN_DOMCTL_PFINFO_NOTAB,
		[PT_L1] = XEN_DOMCTL_PFINFO_L1TAB,
		[PT_L2] = XEN_DOMCTL_PFINFO_L2TAB,
		[PT_L3] = XEN_DOMCTL_PFINFO_L3TAB,
		[PT_L4] = XEN_DOMCTL_PFINFO_L4TAB,
		[PT_DESC] = XEN_DOMCTL_PFINFO_NOTAB,
	};
	struct page *p;
	xen_pfn_t type;

	if (!frame_valid(mfn(frame)))
		return XEN_DOMCTL_PFINFO_XTAB;
	p = page_of(mfn(frame));
	if (!page_get(p, d))
		return XEN_DOMCTL_PFINFO_XTAB;
	type = types[pagetype_of(p)];
	if (READ_ONCE(p->type) & PTW_PINNED)
		type |= XEN_DOMCTL_PFINFO_LPINTAB;
	page_put(p);
	return type;
}

int domctl_frame_info(struct domain *d, xen_domctl_t *op)
{
	u64 num = op->u.getpageframeinfo3.num, addr = GUEST_ADDR(op->u.getpageframeinfo3.array);
	xen_pfn_t batch[FRAME_BATCH];

	if (d == current_domain())
		return fail(EINVAL);
	if (num > FRAME_INFO_MAX)
		return fail(E2BIG);
	for (u64 at = 0; at < num; at += FRAME_BATCH) {
		u64 now = min(num - at, (u64)FRAME_BATCH);

		if (guest_in(batch, addr, at, sizeof(batch[0]), now))
			return -EFAULT;
		for (u64 i = 0; i < now; i++)
			batch[i] = frame_type(d, batch[i]);
		if (guest_out(addr, at, batch, sizeof(batch[0]), now))
			return -EFAULT;
	}
	return 0;
}

int domctl_hypercall_page(struct domain *d, xen_domctl_t *op)
{
	mfn_t m = mfn(op->u.hypercall_init.gmfn);
	int ret = pagetype_page_get(m, PT_WRITABLE, d);

	if (ret)
		return ret == -ERESTART ? ret : fail(EACCES);
	hypercall_page_fill(frame_map(m));
	pagetype_page_put(page_of(m));
	return 0;
}

int domctl_tsc_get(struct domain *d, xen_domctl_t *op)
{
	pv_tsc_info(d, &op->u.tsc_info);
	return 0;
}

int domctl_tsc_set(struct domain *d, xen_domctl_t *op)
{
	const struct xen_domctl_tsc_info *info = &op->u.tsc_info;

	if (d == current_domain() || info->tsc_mode > TSC_MODE_NEVER_EMULATE)
		return fail(EINVAL);
	domain_pause(d);
	pv_tsc_set(d, info->tsc_mode, info->gtsc_khz, info->incarnation, info->elapsed_nsec);
	domain_unpause(d);
	return 0;
}

static int stopped_vcpu(struct domain *d, u32 id, struct vcpu **v)
{
	*v = vcpu_of(d, id);
	if (d == current_domain())
		return fail(EINVAL);
	return *v ? 0 : fail(ESRCH);
}

int domctl_extended_get(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_ext_vcpucontext *x = &op->u.ext_vcpucontext;
	struct pv_vcpu *p;
	struct vcpu *v;
	int ret = stopped_vcpu(d, x->vcpu, &v);

	if (ret)
		return ret;
	p = pv_vcpu_of(v);
	x->size = EXTENDED_BYTES;
	x->sysenter_callback_cs = 0xe033;
	x->sysenter_callback_eip = p->sysenter.address;
	x->sysenter_disables_events = !!(p->sysenter.flags & CALLBACKF_mask_events);
	x->syscall32_callback_cs = 0xe033;
	x->syscall32_callback_eip = p->syscall32.address;
	x->syscall32_disables_events = !!(p->syscall32.flags & CALLBACKF_mask_events);
	return 0;
}

/* Without an address there is none; a guest itself could not take it back. */
static int callback_set(struct vcpu *v, u16 type, u64 address, bool masks)
{
	struct pv_vcpu *p = pv_vcpu_of(v);

	if (address)
		return pv_set_callback(v, type, masks ? CALLBACKF_mask_events : 0, address);
	*(type == CALLBACKTYPE_sysenter ? &p->sysenter : &p->syscall32) = (struct pv_callback){ 0 };
	return 0;
}

int domctl_extended_set(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_ext_vcpucontext *x = &op->u.ext_vcpucontext;
	struct vcpu *v;
	int ret = stopped_vcpu(d, x->vcpu, &v);

	if (ret)
		return ret;
	if (x->size < EXTENDED_BYTES)
		return fail(EINVAL);
	domain_pause(d);
	ret = callback_set(
		v, CALLBACKTYPE_sysenter, x->sysenter_callback_eip, x->sysenter_disables_events);
	if (!ret)
		ret = callback_set(v, CALLBACKTYPE_syscall32, x->syscall32_callback_eip,
			x->syscall32_disables_events);
	domain_unpause(d);
	return ret;
}

/*
 * The area is XCR0, the bits ever set in it, then the standard format of all features that we
 * offer.
 */
int domctl_xstate_get(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_vcpuextstate *x = &op->u.vcpuextstate;
	u64 header[2], size = XSTATE_HEADER + xstate_size(), addr = GUEST_ADDR(x->buffer);
	struct vcpu *v;
	int ret = stopped_vcpu(d, x->vcpu, &v);

	if (ret)
		return ret;
	if (!x->size && !x->xfeature_mask) {
		x->xfeature_mask = xstate_features();
		x->size = size;
		return 0;
	}
	if (x->size != size || x->xfeature_mask != xstate_features())
		return fail(EINVAL);
	domain_pause(d);
	header[0] = header[1] = pv_vcpu_of(v)->xcr0;
	ret = guest_out(addr, 0, header, sizeof(header), 1);
	if (!ret)
		ret = guest_out(addr + sizeof(header), 0, pv_vcpu_of(v)->xsave, xstate_size(), 1);
	domain_unpause(d);
	return ret;
}

/*
 * What XRSTOR would refuse: features beyond the vcpu's, the compacted form, reserved bytes,
 * reserved bits of MXCSR (SDM volume 1, 13.8). The control domain is trusted with much, but not
 * with a fault in the hypervisor.
 */
static bool xstate_valid(const u8 *area, u64 xcr0)
{
	u64 header[8];
	u32 mxcsr;

	memcpy(&mxcsr, area + LEGACY_MXCSR, sizeof(mxcsr));
	if (mxcsr & ~MXCSR_BITS)
		return false;
	if (xstate_size() <= LEGACY_BYTES)
		return true;
	memcpy(header, area + LEGACY_BYTES, sizeof(header));
	for (unsigned i = 1; i < ARRAY_SIZE(header); i++)
		if (header[i])
			return false;
	return !(header[0] & ~xcr0);
}

int domctl_xstate_set(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_vcpuextstate *x = &op->u.vcpuextstate;
	u64 header[2], addr = GUEST_ADDR(x->buffer);
	struct vcpu *v;
	u8 *area;
	int ret = stopped_vcpu(d, x->vcpu, &v);

	if (ret)
		return ret;
	if (x->size == 0)
		return 0;
	if (x->size != XSTATE_HEADER + xstate_size())
		return fail(EINVAL);
	if (guest_in(header, addr, 0, sizeof(header), 1))
		return -EFAULT;
	if (!xstate_xcr0_valid(header[0]))
		return fail(EINVAL);
	area = heap_alloc(xstate_size());
	if (!area)
		return fail(ENOMEM);
	ret = guest_in(area, addr + sizeof(header), 0, xstate_size(), 1);
	if (!ret && !xstate_valid(area, header[0]))
		ret = fail(EINVAL);
	if (!ret) {
		domain_pause(d);
		memcpy(pv_vcpu_of(v)->xsave, area, xstate_size());
		pv_vcpu_of(v)->xcr0 = header[0];
		domain_unpause(d);
	}
	heap_free(area);
	return ret;
}

/* None of a PV guest's MSRs is more than its context has. */
int domctl_msrs_get(struct domain *d, xen_domctl_t *op)
{
	struct vcpu *v;
	int ret = stopped_vcpu(d, op->u.vcpu_msrs.vcpu, &v);

	op->u.vcpu_msrs.msr_count = 0;
	return ret;
}

int domctl_msrs_set(struct domain *d, xen_domctl_t *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct vcpu *v;
	int ret = stopped_vcpu(d, m->vcpu, &v);

	if (ret)
		return ret;
	if (!m->msr_count)
		return 0;
	m->msr_count = 0; /* the first one is not known */
	return fail(EINVAL);
}
