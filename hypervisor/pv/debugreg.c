/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug registers (PV-ABI 23). dr[] holds the guest's values as they go into the CPU; DR0-3 never
 * point into the hypervisor's part, reserved bits are as the processor wants them, GD is refused.
 * Loaded only while a breakpoint is enabled.
 */
#include "pv/traps.h"
#include "x86/guest_cpu.h"

#define DR6_FIXED  0xffff0ff0ul /* reserved bits that read as one */
#define DR6_ZERO   0x00001000ul
#define DR7_FIXED  0x00000400ul
#define DR7_ZERO   0x0000d000ul /* bits 12, 14, 15 */
#define DR7_GD	   BIT(13)
#define DR7_ENABLE 0x000000fful
#define UPPER_HALF 0xffffffff00000000ul
#define CR4_DE	   BIT(3)

/* An I/O breakpoint needs CR4.DE, and a length field of 2 means 8 bytes: both left to the CPU. */
static bool dr7_ok(const struct pv_vcpu *pv, u64 value)
{
	if (value & (UPPER_HALF | DR7_GD))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if ((value >> (16 + 4 * i) & 3) == 2 && (value >> (2 * i) & 3) &&
			!(pv->cr4 & CR4_DE))
			return false;
	return true;
}

static bool on_this_cpu(const struct pv_vcpu *pv)
{
	return &pv->common == current_vcpu();
}

int pv_set_debugreg(struct vcpu *v, unsigned reg, u64 value)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if ((reg == 4 || reg == 5) && (pv->cr4 & CR4_DE))
		return fail(ENODEV);
	if (reg == 4 || reg == 5)
		reg += 2;
	if (reg > 7)
		return fail(ENODEV);
	if (reg < 4) {
		if (!guest_address_ok(value))
			return fail(EPERM);
		pv->dr[reg] = value;
		if (on_this_cpu(pv) && (pv->dr[7] & DR7_ENABLE))
			dr_write(reg, value);
		return 0;
	}
	if (reg == 6) {
		if (value & UPPER_HALF)
			return fail(EINVAL);
		pv->dr[6] = (value & ~DR6_ZERO) | DR6_FIXED;
		return 0;
	}
	if (!dr7_ok(pv, value))
		return fail(value & DR7_GD ? EPERM : EINVAL);
	pv->dr[7] = (value & ~DR7_ZERO) | DR7_FIXED;
	if (on_this_cpu(pv))
		pv_debugreg_load(pv);
	return 0;
}

u64 pv_get_debugreg(struct vcpu *v, unsigned reg)
{
	struct pv_vcpu *pv = pv_vcpu_of(v);

	if (reg > 7 || ((reg == 4 || reg == 5) && (pv->cr4 & CR4_DE)))
		return (u64)-ENODEV;
	return pv->dr[reg == 4 || reg == 5 ? reg + 2 : reg];
}

void pv_debugreg_load(const struct pv_vcpu *pv)
{
	static bool loaded[NR_CPUS];
	bool enable = pv->dr[7] & DR7_ENABLE;
	unsigned cpu = cpu_id();

	if (likely(!enable && !loaded[cpu]))
		return;
	if (enable)
		for (unsigned i = 0; i < 4; i++)
			dr_write(i, pv->dr[i]);
	dr_write(7, enable ? pv->dr[7] : DR7_FIXED);
	loaded[cpu] = enable;
}

void pv_debugreg_trap(struct pv_vcpu *pv)
{
	u64 dr6 = dr_read(6);

	dr_write(6, DR6_FIXED);
	/* The causes are set, never cleared, by the processor; the guest clears them. Bits 12 up
	 * read as they do there. */
	pv->dr[6] = (pv->dr[6] | (dr6 & 0xe00f)) | DR6_FIXED;
}
