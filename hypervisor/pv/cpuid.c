/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUID tells a guest (PV-ABI 25): the host's answer cut down to the features that a 64-bit PV
 * guest can use and that we handle, Xen's own leaves at 0x40000000 (<xen/arch-x86/cpuid.h>), and
 * nothing else. A guest kernel asks through the forced emulation prefix (or a #GP, with CPUID
 * faulting); its user code reads the hardware.
 *
 * The masks are the features of <xen/arch-x86/cpufeatureset.h> marked for all guests, less those
 * that need an MSR which msr.c does not offer (speculation controls) and memory protection keys.
 */
#include <xen/arch-x86/cpuid.h>

#include "pv/cpuid.h"
#include "pv/traps.h"
#include "pv/tsc.h"
#include "x86/guest_cpu.h"
#include "x86/xstate.h"

enum { EAX, EBX, ECX, EDX };

#define XEN_LEAVES     0x40000000u
#define XEN_LEAVES_MAX 5
#define MAX_BASIC_LEAF 0xdu
#define MAX_EXT_LEAF   0x80000021u

#define LEAF1_EDX	       0x1fc9cbf5u
#define LEAF1_ECX	       0xf6d83203u
#define LEAF1_SEP	       BIT(11)
#define LEAF1_MTRR	       BIT(12)
#define LEAF1_XSAVE	       BIT(26)
#define LEAF1_OSXSAVE	       BIT(27)
#define LEAF1_AVX_AND_ITS_LIKE (BIT(28) | BIT(12) | BIT(29)) /* AVX, FMA, F16C */
#define LEAF1_HYPERVISOR       BIT(31)
#define LEAF7_EBX	       0xfdaf0b29u
#define LEAF7_ECX	       0x02405f42u
#define LEAF7_EDX	       0x0000441cu /* without IBRS, STIBP, SSBD, ARCH_CAPS */
#define LEAF7_1_EAX	       0x00001c30u
#define LEAF7_AVX2	       BIT(5)
#define LEAF7_AVX512	       0xdc230000u
#define LEAFD_1_EAX	       0x00000007u /* XSAVEOPT, XSAVEC, XGETBV with ECX 1 */
#define EXT1_EDX	       0xea500800u
#define EXT1_EDX_COPIES	       0x0183f7ffu /* of leaf 1's, on AMD */
#define EXT1_ECX	       0x042109e3u
#define EXT1_ECX_AVX	       (BIT(11) | BIT(16)) /* XOP, FMA4 */
#define EXT7_ITSC	       BIT(8)
#define EXT8_EBX	       0x00000005u
#define EXT21_EAX	       0x00000064u
#define XCR0_AVX	       BIT(2)
#define XCR0_AVX512	       0xe0u
#define CR4_OSXSAVE	       BIT(18)

static void zero(u32 out[4])
{
	out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
}

static bool is_amd(const struct cpuid_view *view)
{
	u32 out[4];

	view->host(0, 0, out);
	return out[EBX] == 0x68747541 || out[EBX] == 0x6f677948; /* Authentic AMD, Hygon Genuine */
}

static void leaf_1(const struct cpuid_view *view, u32 out[4])
{
	out[EBX] = (out[EBX] & 0x00ffffff) | view->vcpu * 2 << 24;
	out[ECX] = (out[ECX] & LEAF1_ECX) | LEAF1_HYPERVISOR;
	out[EDX] &= LEAF1_EDX | (view->control_domain ? LEAF1_MTRR : 0);
	if (is_amd(view)) /* where SYSENTER is for 32-bit kernels only */
		out[EDX] &= ~(u32)LEAF1_SEP;
	if (!view->xcr0_offered)
		out[ECX] &= ~(u32)(LEAF1_XSAVE | LEAF1_AVX_AND_ITS_LIKE);
	else if (!(view->xcr0_offered & XCR0_AVX))
		out[ECX] &= ~(u32)LEAF1_AVX_AND_ITS_LIKE;
	if ((out[ECX] & LEAF1_XSAVE) && (view->cr4 & CR4_OSXSAVE))
		out[ECX] |= LEAF1_OSXSAVE;
}

static void leaf_7(const struct cpuid_view *view, u32 subleaf, u32 out[4])
{
	if (subleaf > 1) {
		zero(out);
		return;
	}
	if (subleaf == 1) {
		out[EAX] &= LEAF7_1_EAX;
		out[EBX] = out[ECX] = out[EDX] = 0;
		return;
	}
	out[EAX] = min(out[EAX], 1u);
	out[EBX] &= LEAF7_EBX;
	out[ECX] &= LEAF7_ECX;
	out[EDX] &= LEAF7_EDX;
	if (!(view->xcr0_offered & XCR0_AVX))
		out[EBX] &= ~(u32)LEAF7_AVX2;
	if ((view->xcr0_offered & XCR0_AVX512) != XCR0_AVX512)
		out[EBX] &= ~LEAF7_AVX512;
}

static void leaf_d(const struct cpuid_view *view, u32 subleaf, u32 out[4])
{
	if (!view->xcr0_offered ||
		(subleaf > 1 && (subleaf > 62 || !(view->xcr0_offered >> subleaf & 1)))) {
		zero(out);
	} else if (subleaf == 0) {
		out[EAX] = view->xcr0_offered;
		out[EDX] = view->xcr0_offered >> 32;
		out[EBX] = xstate_size_of(view->xcr0);
		out[ECX] = xstate_size_of(view->xcr0_offered);
	} else if (subleaf == 1) {
		out[EAX] &= LEAFD_1_EAX;
		out[EBX] = out[ECX] = out[EDX] = 0;
	} else {
		out[ECX] = out[EDX] = 0;
	}
}

static void basic_leaf(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4])
{
	view->host(leaf, subleaf, out);
	switch (leaf) {
	case 0: out[EAX] = min(out[EAX], MAX_BASIC_LEAF); break;
	case 1: leaf_1(view, out); break;
	case 2:
	case 4: break;
	case 7: leaf_7(view, subleaf, out); break;
	case 0xb:
		/* Every vcpu is a package of its own. */
		out[EAX] = 0;
		out[EBX] = subleaf < 2;
		out[ECX] = subleaf < 2 ? subleaf | (subleaf + 1) << 8 : subleaf;
		out[EDX] = view->vcpu * 2;
		break;
	case 0xd: leaf_d(view, subleaf, out); break;
	default: zero(out);
	}
}

static void ext_leaf_1(const struct cpuid_view *view, u32 out[4])
{
	u32 one[4];

	out[ECX] &= EXT1_ECX;
	out[EDX] &= EXT1_EDX;
	if (!(view->xcr0_offered & XCR0_AVX))
		out[ECX] &= ~(u32)EXT1_ECX_AVX;
	if (is_amd(view)) {
		basic_leaf(view, 1, 0, one);
		cpuid_limit_apply(view->limits, 1, 0, one);
		out[EDX] |= one[EDX] & EXT1_EDX_COPIES;
	}
}

static void ext_leaf(const struct cpuid_view *view, u32 leaf, u32 out[4])
{
	view->host(leaf, 0, out);
	switch (leaf) {
	case 0x80000000: out[EAX] = min(out[EAX], MAX_EXT_LEAF); break;
	case 0x80000001: ext_leaf_1(view, out); break;
	case 0x80000002 ... 0x80000006: break;
	case 0x80000007:
		out[EAX] = out[EBX] = out[ECX] = 0;
		out[EDX] &= view->control_domain ? EXT7_ITSC : 0;
		break;
	case 0x80000008:
		out[EBX] &= EXT8_EBX;
		out[ECX] = out[EDX] = 0;
		break;
	case 0x80000021:
		out[EAX] &= EXT21_EAX;
		out[EBX] = out[ECX] = out[EDX] = 0;
		break;
	default: zero(out);
	}
}

static void time_leaf(const struct cpuid_view *view, u32 subleaf, u32 out[4])
{
	if (subleaf == 0) {
		out[EAX] = (view->tsc.emulated ? 1 : 0) | (view->tsc_stable ? 2 : 0);
		out[EBX] = view->tsc.mode;
		out[ECX] = view->tsc.khz ? view->tsc.khz : view->tsc_khz;
		out[EDX] = view->tsc.incarnation;
	} else if (subleaf == 1) {
		out[ECX] = view->tsc_mul;
		out[EDX] = view->tsc_shift;
	} else if (subleaf == 2) {
		out[EAX] = view->tsc_khz;
	}
}

static void xen_leaf(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4])
{
	zero(out);
	switch (leaf) {
	case 0:
		out[EAX] = XEN_LEAVES + XEN_LEAVES_MAX;
		out[EBX] = XEN_CPUID_SIGNATURE_EBX;
		out[ECX] = XEN_CPUID_SIGNATURE_ECX;
		out[EDX] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1: out[EAX] = 4 << 16 | 17; break;
	case 2:
		out[EAX] = 1;
		out[EBX] = XEN_LEAVES;
		out[ECX] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3: time_leaf(view, subleaf, out); break;
	case 5:
		if (subleaf == 0)
			out[EBX] = view->phys_bits & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
		break;
	}
}

/* The highest leaf of the range that this one is in. */
static u32 last_leaf(const struct cpuid_view *view, u32 leaf)
{
	u32 out[4];

	view->host(leaf & 0x80000000, 0, out);
	cpuid_limit_apply(view->limits, leaf & 0x80000000, 0, out);
	return min(out[EAX], leaf & 0x80000000 ? MAX_EXT_LEAF : MAX_BASIC_LEAF);
}

void cpuid_policy(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4])
{
	if (leaf - XEN_LEAVES <= XEN_LEAVES_MAX) {
		xen_leaf(view, leaf - XEN_LEAVES, subleaf, out);
		return;
	}
	if (leaf > last_leaf(view, leaf)) {
		zero(out);
		return;
	}
	if (leaf & 0x80000000)
		ext_leaf(view, leaf, out);
	else
		basic_leaf(view, leaf, subleaf, out);
	cpuid_limit_apply(view->limits, leaf, subleaf, out);
}

struct cpuid_limits **pv_cpuid_limits(struct domain *d)
{
	return &pv_of(d)->cpuid;
}

u64 pv_xcr0_offered(struct domain *d)
{
	return cpuid_limit_xcr0(pv_of(d)->cpuid, xstate_features());
}

static void domain_view(struct domain *d, struct cpuid_view *view)
{
	*view = (struct cpuid_view){
		.host = cpuid_host,
		.xcr0_offered = pv_xcr0_offered(d),
		.control_domain = d->privileged,
		.phys_bits = cpu_phys_bits(),
		.limits = pv_of(d)->cpuid,
	};
	view->xcr0 = view->xcr0_offered;
}

void pv_domain_cpuid(struct domain *d, u32 leaf, u32 subleaf, u32 out[4])
{
	struct cpuid_view view;

	domain_view(d, &view);
	cpuid_policy(&view, leaf, subleaf, out);
}

void pv_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct pv_vcpu *pv = pv_vcpu_of(v);
	struct cpuid_view view;

	domain_view(v->domain, &view);
	view.xcr0 = pv->xcr0;
	/* A kernel must see that XSAVE can be had before it sets the bit itself. */
	view.cr4 = pv_guest_cr4(pv) | (pv->kernel_mode ? CR4_OSXSAVE : 0);
	view.vcpu = v->id;
	if (leaf == XEN_LEAVES + 3) {
		struct time_scale scale;

		time_scale_get(&scale);
		view.tsc_stable = scale.stable;
		pv_tsc_scale(v->domain, &scale);
		view.tsc = pv_of(v->domain)->tsc;
		view.tsc_khz = time_cpu_khz();
		view.tsc_mul = scale.mul;
		view.tsc_shift = (u8)scale.shift;
	}
	cpuid_policy(&view, leaf, subleaf, out);
}
