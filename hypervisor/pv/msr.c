/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MSRs that a guest kernel may touch: a white list (SECURITY C12). What is not in it is
 * refused: #GP for the guest, except that a read before it has a #GP handler gives 0 (PV-ABI 25).
 * Nothing here touches hardware but segment bases and TSC_AUX.
 */
#include "pv/traps.h"
#include "pv/tsc.h"
#include "x86/guest_cpu.h"

#define MSR_TSC		     0x10
#define MSR_PLATFORM_ID	     0x17
#define MSR_APIC_BASE	     0x1b
#define MSR_UCODE_REV	     0x8b
#define MSR_PLATFORM_INFO    0xce
#define MSR_MISC_FEATURES    0x140
#define MSR_MCG_CAP	     0x179
#define MSR_MCG_STATUS	     0x17a
#define MSR_MISC_ENABLE	     0x1a0
#define MSR_DEBUGCTL	     0x1d9
#define MSR_PAT		     0x277
#define MSR_EFER	     0xc0000080
#define MSR_FS_BASE	     0xc0000100
#define MSR_GS_BASE	     0xc0000101
#define MSR_KERNEL_GS_BASE   0xc0000102
#define MSR_TSC_AUX	     0xc0000103
#define MSR_AMD_DE_CFG	     0xc0011029
#define DE_CFG_LFENCE_SERIAL BIT(1)

#define APIC_BASE_DEFAULT 0xfee00000ul
#define APIC_BASE_ENABLE  BIT(11)
#define APIC_BASE_BSP	  BIT(8)
#define EFER_VISIBLE	  0xd01ul /* SCE, LME, LMA, NXE */
#define XEN_PAT		  0x0000050100070406ul

/* The bases belong to the mode that runs, which is the kernel: MSRs are for it only. */
static bool base_read(u32 msr, u64 *value)
{
	*value = msr == MSR_FS_BASE   ? fs_base_read()
		 : msr == MSR_GS_BASE ? gs_base_read()
				      : gs_other_read();
	return true;
}

static bool base_write(u32 msr, u64 value)
{
	if (!is_canonical(value))
		return false;
	if (msr == MSR_FS_BASE)
		fs_base_write(value);
	else if (msr == MSR_GS_BASE)
		gs_base_write(value);
	else
		gs_other_write(value);
	return true;
}

static bool listed_read(struct vcpu *v, u32 msr, u64 *value)
{
	*value = 0;
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE: return base_read(msr, value);
	case MSR_EFER: *value = EFER_VISIBLE; return true;
	case MSR_APIC_BASE:
		*value = APIC_BASE_DEFAULT | APIC_BASE_ENABLE | (v->id == 0 ? APIC_BASE_BSP : 0);
		return true;
	case MSR_PAT: *value = XEN_PAT; return true;
	case MSR_TSC: *value = pv_tsc_read(v->domain); return true;
	case MSR_TSC_AUX: *value = pv_vcpu_of(v)->tsc_aux; return true;
	case MSR_AMD_DE_CFG: *value = DE_CFG_LFENCE_SERIAL; return true;
	case MSR_MISC_ENABLE: return msr_read(MSR_MISC_ENABLE, value);
	case MSR_PLATFORM_ID:
	case MSR_UCODE_REV:
	case MSR_PLATFORM_INFO:
	case MSR_MISC_FEATURES:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
	case MSR_DEBUGCTL: return true;
	default: return false;
	}
}

/* Values that change nothing are taken, so that a kernel that writes back what it read goes on. */
static bool listed_write(struct vcpu *v, u32 msr, u64 value)
{
	u64 now;

	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE: return base_write(msr, value);
	case MSR_UCODE_REV:
	case MSR_MCG_STATUS: return true;
	case MSR_TSC_AUX:
		if (value >> 32)
			return false;
		pv_vcpu_of(v)->tsc_aux = value;
		pv_tsc_aux_load(pv_vcpu_of(v));
		return true;
	case MSR_EFER:
	case MSR_APIC_BASE:
	case MSR_PAT:
	case MSR_MISC_ENABLE:
	case MSR_MISC_FEATURES:
	case MSR_DEBUGCTL:
	case MSR_AMD_DE_CFG: return listed_read(v, msr, &now) && value == now;
	default: return false;
	}
}

/* RDTSCP and RDPID give it to user code, so the CPU must have it; written only when it changes. */
void pv_tsc_aux_load(const struct pv_vcpu *pv)
{
	static u32 now[NR_CPUS];
	unsigned cpu = cpu_id();

	if (unlikely(now[cpu] != pv->tsc_aux) && msr_write(MSR_TSC_AUX, pv->tsc_aux))
		now[cpu] = pv->tsc_aux;
}

bool pv_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
	return listed_read(v, msr, value) || !pv_vcpu_of(v)->traps[TRAP_GP].address;
}

bool pv_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	return listed_write(v, msr, value);
}
