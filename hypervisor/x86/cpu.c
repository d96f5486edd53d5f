/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU features and the control state that every CPU gets. The boot CPU's features count for all.
 * PAT has Xen's layout, because PV guests read it and choose their PTE bits by it. CR4: `loaded` is
 * what a CPU last had written, own CPU only.
 */
#include "x86/cpu.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "x86/asm.h"
#include "x86/machine.h"
#include "x86/percpu.h"

#define PAT_VALUE 0x0000050100070406ul /* WB WT UC- UC WC WP UC UC: what Xen's guests see */

struct cpu_features cpu_features ro_after_boot;
static u64 cr4_fixed ro_after_boot;
static u64 loaded[NR_CPUS];

struct {
	u64 rsp, top;
} syscall_slots[NR_CPUS]; /* entry.S's stubs: where the guest's rsp waits, our stack */
extern char syscall_stubs[], syscall32_stubs[], sysenter_entry[];
extern const s32 patch_clac_start[], patch_clac_end[], patch_stac_start[], patch_stac_end[];

static void read_model(u32 eax)
{
	struct cpu_features *f = &cpu_features;

	f->family = eax >> 8 & 0xf;
	f->model = eax >> 4 & 0xf;
	f->stepping = eax & 0xf;
	if (f->family == 6 || f->family == 15)
		f->model |= eax >> 12 & 0xf0;
	if (f->family == 15)
		f->family += eax >> 20 & 0xff;
}

static void read_vendor(void)
{
	u32 a, b, c, d;
	char name[13] = { 0 };

	cpuid(0, 0, &a, &b, &c, &d);
	cpu_features.max_leaf = a;
	memcpy(name, &b, 4);
	memcpy(name + 4, &d, 4);
	memcpy(name + 8, &c, 4);
	if (!strcmp(name, "GenuineIntel"))
		cpu_features.vendor = CPU_INTEL;
	else if (!strcmp(name, "AuthenticAMD") || !strcmp(name, "HygonGenuine"))
		cpu_features.vendor = CPU_AMD;
}

static void read_basic(void)
{
	struct cpu_features *f = &cpu_features;
	u32 a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	read_model(a);
	f->pge = d >> 13 & 1;
	f->mce = d >> 7 & 1;
	f->sysenter = d >> 11 & 1;
	f->x2apic = c >> 21 & 1;
	f->tsc_deadline = c >> 24 & 1;
	f->xsave = c >> 26 & 1;
	f->hypervisor = c >> 31;
	if (f->max_leaf < 7)
		return;
	cpuid(7, 0, &a, &b, &c, &d);
	f->fsgsbase = b & 1;
	f->smep = b >> 7 & 1;
	f->erms = b >> 9 & 1;
	f->smap = b >> 20 & 1;
	f->umip = c >> 2 & 1;
	f->ibrs = d >> 26 & 1;
}

static void read_extended(void)
{
	struct cpu_features *f = &cpu_features;
	u32 a, b, c, d;

	f->phys_bits = 36;
	f->virt_bits = 48;
	cpuid(0x80000000, 0, &f->max_ext_leaf, &b, &c, &d);
	if (f->max_ext_leaf >= 0x80000001) {
		cpuid(0x80000001, 0, &a, &b, &c, &d);
		f->nx = d >> 20 & 1;
		f->page1g = d >> 26 & 1;
		f->rdtscp = d >> 27 & 1;
	}
	if (f->max_ext_leaf >= 0x80000007) {
		cpuid(0x80000007, 0, &a, &b, &c, &d);
		f->invariant_tsc = d >> 8 & 1;
	}
	if (f->max_ext_leaf >= 0x80000008) {
		cpuid(0x80000008, 0, &a, &b, &c, &d);
		f->phys_bits = a & 0xff;
		f->virt_bits = a >> 8 & 0xff;
		f->ibpb = b >> 12 & 1;
		f->restores_fp_pointers = b >> 2 & 1;
	}
	if (f->xsave && f->max_leaf >= 0xd) {
		cpuid(0xd, 1, &a, &b, &c, &d);
		f->xsaveopt = a & 1;
	}
}

/* Write a 3-byte instruction at each listed place; the boot page tables still let us. */
static void patch(const s32 *from, const s32 *to, const u8 insn[3])
{
	for (const s32 *p = from; p < to; p++)
		memcpy((void *)((u64)p + (s64)*p), insn, 3);
}

void cpu_features_init(void)
{
	static const u8 clac[] = { 0x0f, 0x01, 0xca }, stac[] = { 0x0f, 0x01, 0xcb };
	struct cpu_features *f = &cpu_features;

	read_vendor();
	read_basic();
	read_extended();
	if (!f->nx || !f->pge)
		panic("this CPU has no NX or no global pages");
	f->smep &= opt.smep;
	f->smap &= opt.smap;
	f->syscall32 = f->vendor == CPU_AMD;
	cr4_fixed = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PGE | (f->mce ? CR4_MCE : 0) |
		    (f->xsave ? CR4_OSXSAVE : 0) | (f->smep ? CR4_SMEP : 0) |
		    (f->smap ? CR4_SMAP : 0) | (f->umip ? CR4_UMIP : 0);
	if (f->smap) {
		patch(patch_clac_start, patch_clac_end, clac);
		patch(patch_stac_start, patch_stac_end, stac);
	}
}

void cpu_control_init(void)
{
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	write_cr4(cr4_fixed | (cpu_features.fsgsbase ? CR4_FSGSBASE : 0));
	wrmsr(MSR_PAT, PAT_VALUE);
}

u64 cpu_cr4_fixed(void)
{
	return cr4_fixed;
}

void cpu_cr4_set(u64 guest_bits)
{
	u64 cr4 = cr4_fixed | (guest_bits & CR4_GUEST_BITS), *was = &loaded[cpu_id()];

	if (*was != cr4) {
		*was = cr4;
		write_cr4(cr4);
	}
}

void cpu_syscall_init(unsigned cpu)
{
	u64 top = (u64)&percpu_block(cpu)->current;

	loaded[cpu] = read_cr4();
	syscall_slots[cpu].top = top;
	wrmsr(MSR_STAR, (u64)FLAT_RING3_CS32 << 48 | (u64)HV_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_stubs + cpu * 32);
	wrmsr(MSR_CSTAR, (u64)syscall32_stubs + cpu * 32);
	wrmsr(MSR_SYSCALL_MASK, X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF | X86_EFLAGS_IOPL |
					X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM |
					X86_EFLAGS_AC);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	if (!cpu_features.sysenter)
		return;
	wrmsr(MSR_SYSENTER_CS, HV_CS);
	wrmsr(MSR_SYSENTER_ESP, top);
	wrmsr(MSR_SYSENTER_EIP, (u64)sysenter_entry);
}

/* The instructions exist only while CR4.FSGSBASE is set, which is the running vcpu's choice. */
static bool have_fsgsbase(void)
{
	return loaded[cpu_id()] & CR4_FSGSBASE;
}

u64 fs_base_get(void)
{
	return have_fsgsbase() ? rdfsbase() : rdmsr(MSR_FS_BASE);
}

void fs_base_set(u64 base)
{
	if (have_fsgsbase())
		wrfsbase(base);
	else
		wrmsr(MSR_FS_BASE, base);
}

u64 gs_base_get(void)
{
	return have_fsgsbase() ? rdgsbase() : rdmsr(MSR_GS_BASE);
}

void gs_base_set(u64 base)
{
	if (have_fsgsbase())
		wrgsbase(base);
	else
		wrmsr(MSR_GS_BASE, base);
}

u64 gs_inactive_get(void)
{
	return rdmsr(MSR_KERNEL_GS_BASE);
}

void gs_inactive_set(u64 base)
{
	wrmsr(MSR_KERNEL_GS_BASE, base);
}
