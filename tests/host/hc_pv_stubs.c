/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pv/ and the parts of x86/ that hc/ calls, for host tests: a machine-to-phys table in an array,
 * everything else counts its calls and answers what the test asks for.
 */
#include "fake_machine.h"
#include "hc_pv_stubs.h"

#include <string.h>

#include "pv/context.h"
#include "pv/desc.h"
#include "pv/dom0.h"
#include "pv/m2p.h"
#include "pv/mmu.h"
#include "pv/pagetype.h"
#include "pv/cpuid.h"
#include "pv/traps.h"
#include "pv/tsc.h"
#include "x86/acpi.h"
#include "x86/boot_info.h"
#include "x86/cpu.h"
#include "x86/efi.h"
#include "x86/irq.h"
#include "x86/xstate.h"

u64 stub_m2p[FAKE_FRAMES];
long stub_answer;
unsigned stub_calls, stub_restart_at;

struct acpi_info acpi_info = { .cpu_count = 1 };
struct boot_info boot_info = { .range_count = 2,
	.ranges = { { 0, 0x9f000, 1 }, { 0x100000, 0x7f00000, 1 } } };
struct cpu_features cpu_features = { .family = 6 };
struct efi_info efi_info;
const struct {
	u32 name_size, desc_size, type;
	char name[4];
	u8 desc[20];
} build_id_note = { 4, 20, 3, "GNU", { 1, 2, 3 } };

void stub_reset(void)
{
	stub_answer = 0;
	stub_calls = stub_restart_at = 0;
}

static int answer(void)
{
	if (++stub_calls == stub_restart_at) {
		stub_restart_at = 0;
		return -ERESTART;
	}
	return (int)stub_answer;
}

u64 m2p_get(mfn_t m)
{
	return m.n < FAKE_FRAMES ? stub_m2p[m.n] : M2P_NONE;
}

void m2p_set(mfn_t m, u64 pfn)
{
	assert_true(m.n < FAKE_FRAMES);
	stub_m2p[m.n] = pfn;
}

u64 m2p_frames(void)
{
	return 1;
}

mfn_t m2p_frame(unsigned index)
{
	return mfn(512 * (u64)index);
}

int mmu_update_one(u64 ptr, u64 val, struct domain *pt_owner, struct domain *frame_owner)
{
	return answer();
}

int mmu_update_va(u64 va, u64 val, u64 flags, struct domain *frame_owner)
{
	return answer();
}

int mmuext_one(struct mmuext_op *op, struct domain *owner)
{
	return answer();
}

int desc_set_gdt(struct vcpu *v, const u64 *frames, unsigned entries)
{
	return answer();
}

int desc_update(struct domain *d, u64 machine_addr, u64 desc)
{
	return answer();
}

int pagetype_page_get(mfn_t m, enum pagetype type, struct domain *d)
{
	if (!frame_valid(m) || !page_get(page_of(m), d))
		return -EINVAL;
	return 0;
}

void pagetype_page_put(struct page *p)
{
	page_put(p);
}

enum pagetype pagetype_of(const struct page *p)
{
	return PT_NONE;
}

int pv_context_set(struct vcpu *v, const struct vcpu_guest_context *c, bool again)
{
	return answer();
}

void pv_context_get(struct vcpu *v, struct vcpu_guest_context *c)
{
	stub_calls++;
}

int pv_set_callback(struct vcpu *v, u16 type, u16 flags, u64 address)
{
	return answer();
}

int pv_clear_callback(struct vcpu *v, u16 type)
{
	return answer();
}

int pv_set_segment_base(struct vcpu *v, unsigned which, u64 base)
{
	return answer();
}

int pv_stack_switch(struct vcpu *v, u64 ss, u64 sp)
{
	return answer();
}

int pv_set_debugreg(struct vcpu *v, unsigned reg, u64 value)
{
	return answer();
}

u64 pv_get_debugreg(struct vcpu *v, unsigned reg)
{
	return (u64)(s64)answer();
}

void pv_set_ts(struct vcpu *v, bool set)
{
	stub_calls++;
}

void pv_wallclock_update(struct domain *d)
{
	stub_calls++;
}

u64 iret_from_guest_stack(void)
{
	return (u64)(s64)answer();
}

void pv_tsc_set(struct domain *d, u32 mode, u32 khz, u32 incarnation, u64 elapsed)
{
	stub_calls++;
}

void pv_tsc_info(struct domain *d, struct xen_domctl_tsc_info *info)
{
	memset(info, 0, sizeof(*info));
}

struct cpuid_limits **pv_cpuid_limits(struct domain *d)
{
	static struct cpuid_limits *limits;

	return &limits;
}

void pv_domain_cpuid(struct domain *d, u32 leaf, u32 subleaf, u32 out[4])
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = leaf == 0 || leaf == 0x80000000 ? leaf + 13 : leaf ^ subleaf << 8 ^ i;
}

void hypercall_page_fill(void *page)
{
	memset(page, 0xcc, PAGE_SIZE);
}

unsigned irq_gsi_count(void)
{
	return 24;
}

int irq_setup_gsi(unsigned gsi, bool level, bool active_low)
{
	assert_true(gsi < 24);
	return answer();
}

int msi_map(unsigned segment, unsigned bus, unsigned devfn, unsigned entry, u64 table_base,
	unsigned count)
{
	int ret = answer();

	return ret ? ret : 100;
}

void msi_unmap(unsigned irq)
{
	assert_true(irq >= 24 && irq < NR_IRQS);
}

int msix_prepare(unsigned segment, unsigned bus, unsigned devfn, bool release)
{
	return answer();
}

int ioapic_guest_read(u64 physbase, u32 reg, u32 *value)
{
	*value = reg;
	return answer();
}

int acpi_enter_sleep(u32 state, u16 val_a, u16 val_b, bool extended)
{
	return -EINVAL;
}

u64 time_cpu_khz(void)
{
	return 1000000;
}

void time_wallclock_set(u64 sec, u32 nsec, u64 at_system_time)
{
	assert_true(nsec < 1000000000);
}

size_t xstate_size(void)
{
	return 576;
}

u64 xstate_features(void)
{
	return 3;
}

bool xstate_xcr0_valid(u64 xcr0)
{
	return xcr0 == 1 || xcr0 == 3;
}

void xstate_init(void *area)
{
	memset(area, 0, 576);
}

/* ---- the fake kind of domain, with vcpus as large as pv/ makes them ---- */

struct domain_ops stub_ops;

static struct vcpu *stub_vcpu_alloc(struct domain *d)
{
	size_t bytes = sizeof(struct pv_vcpu) > sizeof(struct fake_vcpu) ? sizeof(struct pv_vcpu)
									 : sizeof(struct fake_vcpu);
	struct pv_vcpu *v = calloc(1, bytes);

	v->xsave = calloc(1, xstate_size());
	return &v->common;
}

static void stub_vcpu_destroy(struct vcpu *v)
{
	free(pv_vcpu_of(v)->xsave);
	free(v);
}

static void stub_time_update(struct vcpu *v)
{
	stub_calls++;
}

void stub_ops_init(void)
{
	stub_ops = fake_ops;
	stub_ops.vcpu_alloc = stub_vcpu_alloc;
	stub_ops.vcpu_destroy = stub_vcpu_destroy;
	stub_ops.time_update = stub_time_update;
}

struct domain *stub_domain(u16 id, bool privileged)
{
	struct xen_domctl_createdomain config = { .max_vcpus = 2,
		.max_evtchn_port = 4095,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4 };
	struct domain *d;

	assert_int_equal(domain_create(id, &config, &stub_ops, privileged, &d), 0);
	d->max_pages = 100;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(vcpu_create(d, i), 0);
		d->vcpu[i]->flags = 0;
		d->vcpu[i]->initialised = true;
	}
	return d;
}
