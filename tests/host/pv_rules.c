/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of hypervisor/pv as functions: page-table entries of each level, descriptors, frames,
 * flags, debug registers, CPUID and time, each against a predicate written here from the ABI and
 * not from the code.
 */
#include "pv_stub.h"

#include "pv/cpuid.h"
#include "pv/pv_clock.h"
#include "pv/tsc.h"
#include "x86/time.h"

/* ---- page-table entries ---- */

/* What a guest may set, from the manual's bit names and PV-ABI 19. */
static bool allowed_by_the_book(unsigned level, u64 pte)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		bool frame = bit >= 12 && bit < 52,
		     software = (bit >= 9 && bit <= 11) || (bit >= 52 && bit <= 62);
		bool cache_or_global = bit == 3 || bit == 4 || bit == 7 || bit == 8;
		bool plain = bit <= 2 || bit == 5 || bit == 6 || bit == 63;

		if ((pte >> bit & 1) && !frame && !software && !plain &&
			!(cache_or_global && level == 1))
			return false;
	}
	return true;
}

static void test_entry_flags(void **state)
{
	static const u64 high[] = { 0, 1ul << 63, 1ul << 52, 1ul << 53, 1ul << 58, 1ul << 62,
		0x7fful << 52, 1ul << 51, 1ul << 12 };

	for (unsigned level = 1; level <= 4; level++)
		for (u64 low = 0; low < 4096; low++)
			for (unsigned i = 0; i < ARRAY_SIZE(high); i++)
				assert_int_equal(pte_flags_ok(level, low | high[i]),
					allowed_by_the_book(level, low | high[i]));
}

static void test_entry_adjust(void **state)
{
	for (u64 low = 0; low < 4096; low++) {
		for (unsigned i = 0; i < 2; i++) {
			u64 pte = low | 0x5000 | (u64)i << 52, one = pte_adjust(1, pte);

			assert_int_equal(pte_adjust(2, pte), low & 1 ? pte | 4 : pte);
			assert_int_equal(pte_adjust(1, one),
				one); /* reading back and writing again changes nothing */
			if (!(low & 1))
				assert_int_equal(one, pte);
			else if ((low & 4) && !i) /* a user page: global */
				assert_int_equal(one, pte | 0x104);
			else /* the kernel's: remembered, never made global by us */
				assert_int_equal(one, pte | 4 | 1ul << 52);
		}
	}
}

static void test_entry_harmless(void **state)
{
	const u64 harmless = 0x60 | 0xe00 | 0x7feul << 52;

	for (unsigned bit = 0; bit < 64; bit++) {
		u64 old = 0x5000 | 7;

		assert_int_equal(pte_change_harmless(old, old ^ 1ul << bit), harmless >> bit & 1);
	}
	assert_false(pte_change_harmless(0x5006, 0x5006));
	for (u64 a = 0; a < 4096; a++)
		for (u64 b = a & 0xff; b < 4096; b += 61)
			assert_int_equal(pte_change_harmless(a | 0x5000, b | 0x5000),
				(a & 1) && !((a ^ b) & ~harmless));
}

static void test_entry_frames(void **state)
{
	struct domain *d = &stub_domain.common;

	stub_reset();
	assert_int_equal(pte_get_l1(OWN_FRAME << 12 | 5ul, d, d), 0);
	assert_int_equal(seen.writable_refs, 0);
	assert_int_equal(pte_get_l1(OWN_FRAME << 12 | 7ul, d, d), 0);
	assert_int_equal(seen.writable_refs, 1);
	assert_int_equal(pte_get_l1(FOREIGN_FRAME << 12 | 5ul, d, d), -EBUSY);
	assert_int_equal(pte_get_l1(FOREIGN_FRAME << 12 | 5ul, d, &stub_other.common), 0);
	assert_int_equal(pte_get_l1(FREE_FRAME << 12 | 5ul, d, d), -EBUSY);
	assert_int_equal(pte_get_l1(OWN_FRAME << 12 | 5ul, d, NULL), -EPERM); /* DOMID_IO: no RAM */
	assert_int_equal(pte_get_l1((u64)IO_FRAME << 12 | 7, d, d), -EPERM);
	assert_int_equal(pte_get_l1(1ul << 45 | 7, d, d), -EPERM);
	assert_int_equal(pte_get_l1(OWN_FRAME << 12 | 5ul | PTE_PCD, d, d), -EINVAL);
	d->io_mem = (struct rangeset *)1;
	d->privileged = true;
	assert_int_equal(pte_get_l1((u64)IO_FRAME << 12 | 7 | PTE_PCD, d, d), 0);
	assert_int_equal(pte_get_l1((u64)IO_FRAME << 12 | 7 | PTE_PCD, d, NULL), 0);
	assert_int_equal(pte_get_l1((u64)(IO_FRAME + 1) << 12 | 7, d, d), -EPERM);
	assert_int_equal(pte_get_l1(OWN_FRAME << 12 | 5ul | PTE_PCD, d, d), 0);
}

/* ---- descriptors ---- */

static void test_descriptors(void **state)
{
	for (u64 access = 0; access < 256; access++) {
		for (u64 flags = 0; flags < 16; flags++) {
			u64 desc = 0x00cf00000000fffful | access << 40 | flags << 52, was = desc;
			bool present = access & 0x80, segment = access & 0x10,
			     gate = (access & 0x1f) == 0xc;

			assert_int_equal(desc_check(&desc), !present || segment || gate);
			if (!present)
				assert_int_equal(desc, was);
			else if (segment)
				assert_int_equal(desc, was | 0x60ul << 40);
			else if (gate)
				assert_int_equal(desc, was & ~(0x60ul << 40));
		}
	}
}

static void test_descriptor_page(void **state)
{
	static u64 table[512];

	memset(table, 0, sizeof(table));
	table[511] = 0x00af9b000000fffful;
	assert_true(desc_check_page(table));
	assert_int_equal(table[511], 0x00affb000000fffful);
	table[3] = 0x0000890000000000ul; /* a TSS */
	assert_false(desc_check_page(table));
}

static void test_ldt_arguments(void **state)
{
	struct vcpu *v = &stub_vcpu.common;

	stub_reset();
	assert_int_equal(desc_set_ldt(v, 0x1000, 8193), -EINVAL);
	assert_int_equal(desc_set_ldt(v, 0x1008, 1), -EINVAL);
	assert_int_equal(desc_set_ldt(v, HV_VIRT_START, 1), -EINVAL);
	assert_int_equal(desc_set_ldt(v, 1ul << 47, 1), -EINVAL);
	assert_int_equal(desc_set_ldt(v, (1ul << 47) - PAGE_SIZE, 513), -EINVAL);
	assert_int_equal(desc_set_ldt(v, (1ul << 47) - PAGE_SIZE, 512), 0);
	assert_int_equal(stub_vcpu.ldt_entries, 512);
	assert_int_equal(desc_set_ldt(v, 12345, 0), 0);
}

/* ---- frames ---- */

static struct regs sample_regs(void)
{
	return (struct regs){ .rcx = 0xc,
		.r11 = 0x11,
		.rip = 0x401000,
		.cs = FLAT_RING3_CS64,
		.ss = FLAT_RING3_SS64,
		.rflags = 0x202,
		.rsp = 0x7ffe0ff3 };
}

static void test_bounce_words(void **state)
{
	const u16 selectors[4] = { 1, 2, 3, 4 };
	struct regs r = sample_regs();
	struct bounce b = { .handler = 1, .has_error = true, .error = 0xdead };
	u64 w[BOUNCE_WORDS_MAX];

	assert_int_equal(bounce_words(w, &r, b, selectors, false, false, 0), 8);
	assert_int_equal(w[0], 0xc);
	assert_int_equal(w[1], 0x11);
	assert_int_equal(w[2], 0xdead);
	assert_int_equal(w[3], 0x401000);
	assert_int_equal(w[4], 0xe033);
	assert_int_equal(w[5], 0x202);
	assert_int_equal(w[6], 0x7ffe0ff3);
	assert_int_equal(w[7], 0xe02b);
	/* From the kernel: RPL 0, the old mask in bits 32-39, IF is its complement, the virtual
	 * IOPL. */
	b.has_error = false;
	r.rflags = 0x3202;
	assert_int_equal(bounce_words(w, &r, b, selectors, true, true, 1), 7);
	assert_int_equal(w[3], 0x10000e030ul);
	assert_int_equal(w[4], 0x1002);
	b.failsafe = true;
	assert_int_equal(bounce_words(w, &r, b, selectors, true, false, 0), BOUNCE_WORDS_MAX);
	assert_int_equal(w[2], 1);
	assert_int_equal(w[5], 4);
	assert_int_equal(w[6], 0x401000);
}

static void test_bounce_from_user(void **state)
{
	struct vcpu *v = &stub_vcpu.common;
	struct regs r = sample_regs();
	const u64 *frame;

	stub_reset();
	stub_vcpu.kernel_mode = false;
	stub_vcpu.kernel_sp = MEMORY_VA + 0x107;
	r.rflags = 0x202 | X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_AC;
	assert_true(bounce_create(
		v, &r, (struct bounce){ .handler = 0xffffffff81000000, .mask_events = true }));
	assert_int_equal(seen.toggles, 1);
	assert_int_equal(r.rsp, MEMORY_VA + 0x100 - 7 * 8);
	assert_int_equal(r.rip, 0xffffffff81000000);
	assert_int_equal(r.rflags, 0x202);
	assert_int_equal(r.cs, FLAT_RING3_CS64);
	assert_int_equal(v->info->evtchn_upcall_mask, 1);
	frame = (const u64 *)(memory + 0x100 - 7 * 8);
	assert_int_equal(frame[3], 0xe033);
	assert_int_equal(
		frame[4], 0x202 | X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_AC);
	assert_int_equal(frame[5], 0x7ffe0ff3);
}

static void test_bounce_refused(void **state)
{
	struct regs r = sample_regs();

	stub_reset();
	assert_false(bounce_create(&stub_vcpu.common, &r, (struct bounce){ .handler = 1 }));
	assert_int_equal(seen.crashes, 1); /* no stack there */
	assert_false(bounce_create(&stub_vcpu.common, &r, (struct bounce){ .handler = 0 }));
	assert_int_equal(seen.crashes, 2);
	trap_inject(&stub_vcpu.common, TRAP_GP, 0);
	assert_int_equal(seen.crashes, 2);
	trap_inject(&stub_vcpu.common, TRAP_GP, 0); /* one while one waits: a double fault */
	assert_int_equal(seen.crashes, 3);
}

static void test_page_fault_code(void **state)
{
	stub_reset();
	trap_inject_pf(&stub_vcpu.common, 0x1234, PF_PRESENT | PF_USER | PF_WRITE);
	assert_int_equal(
		stub_vcpu.trap.error_code, PF_PRESENT | PF_WRITE); /* of the kernel: not a user's */
	assert_int_equal(stub_shared.vcpu_info[0].arch.cr2, 0x1234);
	stub_reset();
	stub_vcpu.kernel_mode = false;
	trap_inject_pf(&stub_vcpu.common, 0x1234, PF_PRESENT);
	assert_int_equal(stub_vcpu.trap.error_code, PF_PRESENT | PF_USER);
}

static void test_iret_flags(void **state)
{
	const u64 kept = X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |
			 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF |
			 X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_ID;

	for (unsigned bit = 0; bit < 64; bit++)
		assert_int_equal(iret_rflags(1ul << bit),
			(1ul << bit & kept) | X86_EFLAGS_IF | X86_EFLAGS_MBS);
}

static u64 iret(const struct iret_context *f)
{
	memcpy(memory + 0x200, f, sizeof(*f));
	fake_regs[0].rsp = MEMORY_VA + 0x200;
	return iret_from_guest_stack();
}

static void test_iret(void **state)
{
	struct iret_context f = { .rax = 7,
		.r11 = 8,
		.rcx = 9,
		.rip = 0x1000,
		.cs = 0x33,
		.rflags = 0x3000,
		.rsp = 0x2000,
		.ss = 0x2b };
	struct regs *r = &fake_regs[0];

	stub_reset();
	assert_int_equal(iret(&f), 7);
	assert_false(stub_vcpu.kernel_mode);
	assert_int_equal(stub_shared.vcpu_info[0].evtchn_upcall_mask, 1);
	assert_int_equal(r->rflags, 0x202);
	assert_int_equal(r->rcx, 9);
	assert_int_equal(r->cs, 0x33);
	stub_reset();
	f.cs = FLAT_RING3_CS64 & ~3;
	f.rflags = 0x200;
	f.flags = VGCF_in_syscall;
	assert_int_equal(iret(&f), 7);
	assert_true(stub_vcpu.kernel_mode);
	assert_int_equal(r->cs, FLAT_RING3_CS64);
	assert_int_equal(r->rcx, 0x1000); /* as SYSRET leaves it */
	assert_int_equal(r->r11, 0x202);
	assert_int_equal(stub_shared.vcpu_info[0].evtchn_upcall_mask, 0);
	stub_vcpu.user_l4 = INVALID_MFN_RAW;
	f.cs = 0x33;
	iret(&f);
	assert_int_equal(seen.crashes, 1);
	fake_regs[0].rsp = MEMORY_VA + PAGE_SIZE - 8;
	iret_from_guest_stack();
	assert_int_equal(seen.crashes, 2);
}

/* ---- debug registers ---- */

static void test_debug_registers(void **state)
{
	struct vcpu *v = &stub_vcpu.common;

	stub_reset();
	assert_int_equal(pv_set_debugreg(v, 0, 0x7fffffffffff), 0);
	assert_int_equal(pv_set_debugreg(v, 1, HV_VIRT_START), -EPERM);
	assert_int_equal(pv_set_debugreg(v, 2, HV_VIRT_END - 1), -EPERM);
	assert_int_equal(pv_set_debugreg(v, 3, 1ul << 47), -EPERM);
	assert_int_equal(pv_set_debugreg(v, 3, HV_VIRT_END), 0);
	assert_int_equal(pv_set_debugreg(v, 6, 1ul << 32), -EINVAL);
	assert_int_equal(pv_set_debugreg(v, 4, 0), 0); /* DR4 is DR6 */
	assert_int_equal(pv_get_debugreg(v, 6), 0xffff0ff0);
	assert_int_equal(pv_set_debugreg(v, 7, 1ul << 13), -EPERM); /* GD */
	assert_int_equal(pv_set_debugreg(v, 7, 1ul << 33), -EINVAL);
	assert_int_equal(pv_set_debugreg(v, 7, 0xd001), 0);
	assert_int_equal(pv_get_debugreg(v, 5), 0x401);
	assert_int_equal(seen.dr[7], 0x401);
	assert_int_equal(seen.dr[0], 0x7fffffffffff);
	assert_int_equal(pv_set_debugreg(v, 7, 0), 0);
	assert_int_equal(seen.dr[7], 0x400);
	assert_int_equal(
		pv_set_debugreg(v, 7, 0x20001), -EINVAL); /* I/O breakpoints without CR4.DE */
	assert_int_equal(pv_set_debugreg(v, 8, 0), -ENODEV);
	stub_vcpu.cr4 = 8;
	assert_int_equal(pv_set_debugreg(v, 4, 0), -ENODEV);
	seen.dr[6] = 0xffff4ff1;
	pv_debugreg_trap(&stub_vcpu);
	assert_int_equal(pv_get_debugreg(v, 6), 0xffff4ff1);
}

/* ---- CPUID ---- */

static void all_ones(u32 leaf, u32 subleaf, u32 out[4])
{
	out[0] = out[1] = out[2] = out[3] = ~0u;
	if (leaf == 0) {
		out[0] = 0x20;
		out[1] = 0x68747541; /* AMD */
	} else if (leaf == 0x80000000) {
		out[0] = 0x8000001f;
	}
}

static void test_cpuid(void **state)
{
	struct cpuid_view view = {
		.host = all_ones, .xcr0_offered = 7, .xcr0 = 3, .vcpu = 3, .phys_bits = 40
	};
	u32 out[4];

	cpuid_policy(&view, 0, 0, out);
	assert_int_equal(out[0], 0xd);
	cpuid_policy(&view, 1, 0, out);
	assert_int_equal(out[1] >> 24, 6);
	/* Not for PV: VMX, MONITOR, x2APIC, PCID, TSC deadline; PSE, PGE, MTRR, VME. OSXSAVE only
	 * as the vcpu has it. */
	assert_int_equal(out[2] & (1 << 5 | 1 << 3 | 1 << 21 | 1 << 17 | 1 << 24 | 1 << 27), 0);
	assert_int_equal(out[3] & (1 << 3 | 1 << 13 | 1 << 12 | 1 << 1 | 1 << 11), 0);
	assert_int_equal(out[2] >> 31, 1);
	assert_int_not_equal(out[2] & 1 << 28, 0);
	view.cr4 = 1 << 18;
	view.xcr0_offered = 3;
	cpuid_policy(&view, 1, 0, out);
	assert_int_not_equal(out[2] & 1 << 27, 0);
	assert_int_equal(out[2] & 1 << 28, 0); /* no AVX without its state */
	cpuid_policy(&view, 7, 0, out);
	assert_int_equal(
		out[1] & (1 << 5 | 1 << 16 | 1 << 7 | 1 << 20), 0); /* AVX2, AVX512F, SMEP, SMAP */
	assert_int_equal(out[2] & (1 << 3 | 1 << 2 | 1 << 16), 0);  /* PKU, UMIP, LA57 */
	assert_int_equal(
		out[3] & (1 << 26 | 1 << 27 | 1 << 29 | 1u << 31), 0); /* what needs MSRs */
	cpuid_policy(&view, 0xa, 0, out);
	assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	cpuid_policy(&view, 0xe, 0, out);
	assert_int_equal(out[0], 0);
	cpuid_policy(&view, 0x80000001, 0, out);
	assert_int_equal(out[2] & 1 << 2, 0);		  /* SVM */
	assert_int_equal(out[3] & (1 << 26 | 1 << 3), 0); /* 1 GiB and large pages */
	cpuid_policy(&view, 0x8000000a, 0, out);
	assert_int_equal(out[0], 0);
	cpuid_policy(&view, 0xd, 0, out);
	assert_int_equal(out[0], 3);
	assert_int_equal(out[1], 576);
}

/* Limits take features away, with what hangs on them, and never give one. */
static void test_cpuid_limits(void **state)
{
	static struct cpuid_limits limits;
	struct cpuid_view view = {
		.host = all_ones, .xcr0_offered = 7, .xcr0 = 3, .cr4 = 1 << 18, .limits = &limits
	};
	struct cpuid_limit one = { 1, 0, { 0x12345, ~0u, ~(1u << 20 | 1u << 31), ~(1u << 26) } };
	struct cpuid_limit top = { 0, 0, { 7, 1, 2, 3 } }, seven = { 7, 0, { 0, 0, 0, ~0u } };
	u32 plain[4], out[4];

	cpuid_policy(&view, 1, 0, plain);
	assert_true(cpuid_limit_set(&limits, &one));
	cpuid_policy(&view, 1, 0, out);
	assert_int_equal(out[0], 0x12345);
	assert_int_equal(out[1], plain[1]);
	assert_int_equal(out[2], plain[2] & ~(1u << 20));
	assert_int_equal(out[3], plain[3] & ~(1u << 26));
	cpuid_policy(&view, 1, 5, out); /* it has no subleaves */
	assert_int_equal(out[0], 0x12345);
	assert_int_equal(cpuid_limit_xcr0(&limits, 7), 7);
	one.regs[2] &= ~(1u << 28);
	assert_true(cpuid_limit_set(&limits, &one));
	assert_int_equal(cpuid_limit_xcr0(&limits, 7), 3);
	one.regs[2] &= ~(1u << 26);
	assert_true(cpuid_limit_set(&limits, &one));
	assert_int_equal(limits.count, 1);
	assert_int_equal(cpuid_limit_xcr0(&limits, 7), 0);
	assert_true(cpuid_limit_set(&limits, &seven));
	cpuid_policy(&view, 7, 0, out);
	assert_int_equal(out[1] | out[2], 0);
	cpuid_policy(&view, 7, 1, out);
	assert_int_not_equal(out[0], 0); /* nothing was said of it */
	assert_true(cpuid_limit_set(&limits, &top));
	cpuid_policy(&view, 0, 0, out);
	assert_int_equal(out[0], 7);
	assert_int_equal(out[3], 3);
	cpuid_policy(&view, 0xd, 0, out);
	assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	for (u32 i = 0; limits.count < CPUID_LIMITS_MAX; i++)
		assert_true(cpuid_limit_set(&limits, &(struct cpuid_limit){ 4, i, { 0 } }));
	assert_false(cpuid_limit_set(&limits, &(struct cpuid_limit){ 5, 0, { 0 } }));
	assert_true(cpuid_limit_set(&limits, &top));
}

/* An emulated TSC and the scale that its guest computes time by agree, whenever it started. */
static void test_tsc(void **state)
{
	struct domain *d = &stub_domain.common;
	struct xen_domctl_tsc_info info;
	struct time_scale s;

	pv_tsc_set(d, TSC_MODE_DEFAULT, 2000001, 0, 0); /* the host's, measured again */
	assert_false(stub_domain.tsc.emulated);
	pv_tsc_set(d, TSC_MODE_NEVER_EMULATE, 1000000, 0, 0);
	assert_false(stub_domain.tsc.emulated);
	pv_tsc_info(d, &info);
	assert_int_equal(info.tsc_mode, 2);
	assert_int_equal(info.gtsc_khz, 0);
	pv_tsc_set(d, TSC_MODE_ALWAYS_EMULATE, 0, 0, 0);
	assert_true(stub_domain.tsc.emulated);
	assert_int_equal(stub_domain.tsc.khz, 2000000);
	for (u64 elapsed = 1000000000; elapsed < 20000000000; elapsed += 4000000000) {
		pv_tsc_set(d, TSC_MODE_DEFAULT, 2700000, 4, elapsed);
		assert_true(stub_domain.tsc.emulated);
		assert_in_range(pv_tsc_read(d), elapsed / 10 * 27 - 30, elapsed / 10 * 27 + 30);
		for (unsigned i = 0; i < 10; i++) {
			stub_now += 777777777;
			time_scale_get(&s);
			pv_tsc_scale(d, &s);
			assert_in_range(
				time_scale_ns(&s, pv_tsc_read(d)), stub_now - 30, stub_now + 30);
		}
		pv_tsc_info(d, &info);
		assert_int_equal(info.incarnation, 5);
		assert_int_equal(info.elapsed_nsec, elapsed + 7777777770);
		stub_now = 5000000000;
	}
	stub_domain.tsc = (struct pv_tsc){ 0 };
}

static void test_cpuid_xen(void **state)
{
	struct cpuid_view view = { .host = all_ones,
		.tsc_khz = 123,
		.tsc_stable = true,
		.tsc_mul = 5,
		.tsc_shift = 0xff,
		.phys_bits = 40 };
	u32 out[4];

	cpuid_policy(&view, 0x40000000, 0, out);
	assert_int_equal(out[0], 0x40000005);
	assert_memory_equal(&out[1], "XenVMMXenVMM", 12);
	cpuid_policy(&view, 0x40000001, 0, out);
	assert_int_equal(out[0], 0x40011);
	cpuid_policy(&view, 0x40000002, 0, out);
	assert_int_equal(out[2] & 1, 1);
	cpuid_policy(&view, 0x40000003, 0, out);
	assert_int_equal(out[2], 123);
	cpuid_policy(&view, 0x40000006, 0, out);
	assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
}

/* ---- time ---- */

static void test_time(void **state)
{
	struct vcpu *v = &stub_vcpu.common;
	struct vcpu_time_info *t = &stub_shared.vcpu_info[0].time;

	stub_reset();
	v->time_area_addr = MEMORY_VA + 0x300;
	pv_time_update(v);
	assert_int_equal(t->version & 1, 0);
	assert_int_not_equal(t->version, 0);
	assert_int_equal(t->system_time, 77);
	assert_int_equal(t->tsc_timestamp, 1000);
	assert_int_equal(t->tsc_to_system_mul, 0x80000000);
	assert_int_equal(t->flags, XEN_PVCLOCK_TSC_STABLE_BIT);
	assert_memory_equal(memory + 0x300, t, sizeof(*t));
	t->version = 7; /* whatever the guest does to it */
	stub_vcpu.time_area_stale = true;
	pv_time_update(v);
	assert_int_equal(t->version & 1, 0);
	stub_domain.common.time_offset_seconds = -1;
	pv_wallclock_update(&stub_domain.common);
	assert_int_equal(stub_shared.wc_version, 2);
	assert_int_equal(stub_shared.wc_sec, 0x23456788);
	assert_int_equal(stub_shared.wc_sec_hi, 1);
	assert_int_equal(stub_shared.wc_nsec, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_flags),
		cmocka_unit_test(test_entry_adjust),
		cmocka_unit_test(test_entry_harmless),
		cmocka_unit_test(test_entry_frames),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_descriptor_page),
		cmocka_unit_test(test_ldt_arguments),
		cmocka_unit_test(test_bounce_words),
		cmocka_unit_test(test_bounce_from_user),
		cmocka_unit_test(test_bounce_refused),
		cmocka_unit_test(test_page_fault_code),
		cmocka_unit_test(test_iret_flags),
		cmocka_unit_test(test_iret),
		cmocka_unit_test(test_debug_registers),
		cmocka_unit_test(test_cpuid),
		cmocka_unit_test(test_cpuid_limits),
		cmocka_unit_test(test_tsc),
		cmocka_unit_test(test_cpuid_xen),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
