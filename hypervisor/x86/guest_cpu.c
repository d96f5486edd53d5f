/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seam of guest_cpu.h over asm.h: no policy, so that pv/ runs on the host against another
 * implementation of the same list. */
#include "x86/guest_cpu.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/machine.h"
#include "x86/pgtable.h"
#include "x86/smp.h"

u64 hv_cr3(void)
{
	return pgtable_hv_cr3();
}

u64 hv_l4_slot(unsigned slot)
{
	return pgtable_hv_l4e(HV_FIRST_SLOT + slot);
}

void cr3_switch(u64 cr3)
{
	write_cr3(cr3);
	tlb_flush_local();
}

u64 cr2_read(void)
{
	return read_cr2();
}

bool segment_load(enum guest_segment which, u16 selector)
{
	switch (which) {
	case SEG_DS: return write_ds_safe(selector);
	case SEG_ES: return write_es_safe(selector);
	case SEG_FS: return write_fs_safe(selector);
	default: return write_gs_safe(selector);
	}
}

u16 segment_read(enum guest_segment which)
{
	switch (which) {
	case SEG_DS: return read_ds();
	case SEG_ES: return read_es();
	case SEG_FS: return read_fs();
	default: return read_gs();
	}
}

bool segment_is_long(u16 selector)
{
	u32 rights = 0;

	asm("lar %1, %0\n\tjz 1f\n\txor %0, %0\n1:" : "+r"(rights) : "r"((u32)selector) : "cc");
	return rights >> 21 & 1;
}

u64 fs_base_read(void)
{
	return fs_base_get();
}

void fs_base_write(u64 base)
{
	fs_base_set(base);
}

u64 gs_base_read(void)
{
	return gs_base_get();
}

void gs_base_write(u64 base)
{
	gs_base_set(base);
}

u64 gs_other_read(void)
{
	return gs_inactive_get();
}

void gs_other_write(u64 base)
{
	gs_inactive_set(base);
}

u64 cr0_read(void)
{
	return read_cr0();
}

void cr0_ts_set(bool set)
{
	if (set)
		stts();
	else
		clts();
}

void cr4_guest_set(u64 guest_bits)
{
	cpu_cr4_set(guest_bits & cr4_guest_mask());
}

u64 cr4_guest_mask(void)
{
	return cpu_features.fsgsbase ? CR4_GUEST_BITS : CR4_GUEST_BITS & ~CR4_FSGSBASE;
}

void dr_write(unsigned reg, u64 value)
{
	switch (reg) {
	case 0: write_dr0(value); break;
	case 1: write_dr1(value); break;
	case 2: write_dr2(value); break;
	case 3: write_dr3(value); break;
	case 6: write_dr6(value); break;
	case 7: write_dr7(value); break;
	}
}

u64 dr_read(unsigned reg)
{
	return reg == 6 ? read_dr6() : read_dr7();
}

bool msr_read(u32 msr, u64 *value)
{
	return rdmsr_safe(msr, value);
}

bool msr_write(u32 msr, u64 value)
{
	return wrmsr_safe(msr, value);
}

void cpuid_host(u32 leaf, u32 subleaf, u32 out[4])
{
	cpuid(leaf, subleaf, &out[0], &out[1], &out[2], &out[3]);
}

unsigned cpu_phys_bits(void)
{
	return cpu_features.phys_bits;
}

u32 port_in(u16 port, unsigned bytes)
{
	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

void port_out(u16 port, unsigned bytes, u32 value)
{
	if (bytes == 1)
		outb(port, value);
	else if (bytes == 2)
		outw(port, value);
	else
		outl(port, value);
}

void cache_flush(void)
{
	wbinvd();
}
