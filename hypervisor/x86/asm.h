/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions as inline functions, and the exception table: an instruction that may
 * fault on a guest's value is listed with the place where to go on (trap.c looks it up). The *_safe
 * forms answer false instead of faulting.
 */
#ifndef X86_ASM_H
#define X86_ASM_H

#include "lib/base.h"

/* One exception table entry: both addresses relative to the entry's own words. */
#define EXTABLE(insn, fixup)                                                              \
	".pushsection .extable, \"a\"\n\t.balign 4\n\t.long " insn " - .\n\t.long " fixup \
	" - .\n\t.popsection\n\t"

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_PG BIT(31)

#define CR4_TSD	       BIT(2)
#define CR4_DE	       BIT(3)
#define CR4_PSE	       BIT(4)
#define CR4_PAE	       BIT(5)
#define CR4_MCE	       BIT(6)
#define CR4_PGE	       BIT(7)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_FSGSBASE   BIT(16)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)

#define MSR_APIC_BASE	   0x1b
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC	   0x800
#define MSR_SYSENTER_CS	   0x174
#define MSR_SYSENTER_ESP   0x175
#define MSR_SYSENTER_EIP   0x176
#define MSR_PAT		   0x277
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103
#define MSR_SPEC_CTRL	   0x48
#define MSR_PRED_CMD	   0x49
#define MSR_DEBUGCTL	   0x1d9

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define DEFINE_REG(name)                                                \
	static inline u64 read_##name(void)                             \
	{                                                               \
		u64 v;                                                  \
                                                                        \
		asm volatile("mov %%" #name ", %0" : "=r"(v));          \
		return v;                                               \
	}                                                               \
	static inline void write_##name(u64 v)                          \
	{                                                               \
		asm volatile("mov %0, %%" #name : : "r"(v) : "memory"); \
	}
DEFINE_REG(cr0)
DEFINE_REG(cr2)
DEFINE_REG(cr3)
DEFINE_REG(cr4)
DEFINE_REG(dr0)
DEFINE_REG(dr1)
DEFINE_REG(dr2)
DEFINE_REG(dr3)
DEFINE_REG(dr6)
DEFINE_REG(dr7)
#undef DEFINE_REG

#define DEFINE_SEGMENT(name)                                                                     \
	static inline u16 read_##name(void)                                                      \
	{                                                                                        \
		u16 v;                                                                           \
                                                                                                 \
		asm volatile("mov %%" #name ", %0" : "=r"(v));                                   \
		return v;                                                                        \
	}                                                                                        \
	/* Load a guest's selector; when it faults the null selector is loaded and the answer is \
	 * false. */                                                                             \
	static inline bool write_##name##_safe(u16 sel)                                          \
	{                                                                                        \
		u32 ok = 1, null = 0;                                                            \
                                                                                                 \
		asm volatile("1: mov %w2, %%" #name "\n2:\n\t"                                   \
			     ".pushsection .text.fixup, \"ax\"\n"                                \
			     "3: xor %0, %0\n\tmov %w1, %%" #name "\n\tjmp 2b\n\t"               \
			     ".popsection\n\t" EXTABLE("1b", "3b")                               \
			     : "+r"(ok)                                                          \
			     : "r"(null), "r"((u32)sel)                                          \
			     : "memory", "cc");                                                  \
		return ok;                                                                       \
	}
DEFINE_SEGMENT(ds)
DEFINE_SEGMENT(es)
DEFINE_SEGMENT(fs)
DEFINE_SEGMENT(gs)
DEFINE_SEGMENT(ss)
#undef DEFINE_SEGMENT

static inline void swapgs(void)
{
	asm volatile("swapgs" : : : "memory");
}

static inline void clts(void)
{
	asm volatile("clts");
}

static inline void stts(void)
{
	write_cr0(read_cr0() | CR0_TS);
}

static inline void cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	asm volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(subleaf));
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline must_check bool rdmsr_safe(u32 msr, u64 *v)
{
	u32 lo, hi, ok = 1;

	asm volatile("1: rdmsr\n2:\n\t"
		     ".pushsection .text.fixup, \"ax\"\n"
		     "3: xor %2, %2\n\txor %%eax, %%eax\n\txor %%edx, %%edx\n\tjmp 2b\n\t"
		     ".popsection\n\t" EXTABLE("1b", "3b")
		     : "=&a"(lo), "=&d"(hi), "+r"(ok)
		     : "c"(msr)
		     : "cc");
	*v = (u64)hi << 32 | lo;
	return ok;
}

static inline must_check bool wrmsr_safe(u32 msr, u64 v)
{
	u32 ok = 1;

	asm volatile("1: wrmsr\n2:\n\t"
		     ".pushsection .text.fixup, \"ax\"\n"
		     "3: xor %0, %0\n\tjmp 2b\n\t"
		     ".popsection\n\t" EXTABLE("1b", "3b")
		     : "+r"(ok)
		     : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
		     : "memory", "cc");
	return ok;
}

/* The FSGSBASE instructions; only while CR4.FSGSBASE is set (fs_base_get and its like in x86/cpu.h
 * choose). */
static inline u64 rdfsbase(void)
{
	u64 v;

	asm volatile("rdfsbase %0" : "=r"(v));
	return v;
}

static inline u64 rdgsbase(void)
{
	u64 v;

	asm volatile("rdgsbase %0" : "=r"(v));
	return v;
}

static inline void wrfsbase(u64 v)
{
	asm volatile("wrfsbase %0" : : "r"(v) : "memory");
}

static inline void wrgsbase(u64 v)
{
	asm volatile("wrgsbase %0" : : "r"(v) : "memory");
}

static inline u64 xgetbv(u32 reg)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(reg));
	return (u64)hi << 32 | lo;
}

static inline void xsetbv(u32 reg, u64 v)
{
	asm volatile("xsetbv" : : "c"(reg), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline void invlpg(u64 va)
{
	asm volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void wbinvd(void)
{
	asm volatile("wbinvd" : : : "memory");
}

static inline u64 read_flags(void)
{
	u64 v;

	asm volatile("pushfq; pop %0" : "=r"(v) : : "memory");
	return v;
}

struct packed table_pointer { /* operand of LGDT and LIDT */
	u16 limit;
	u64 base;
};

static inline void lgdt(u64 base, u16 limit)
{
	struct table_pointer p = { limit, base };

	asm volatile("lgdt %0" : : "m"(p));
}

static inline void lidt(u64 base, u16 limit)
{
	struct table_pointer p = { limit, base };

	asm volatile("lidt %0" : : "m"(p));
}

static inline void ltr(u16 sel)
{
	asm volatile("ltr %0" : : "r"(sel) : "memory");
}

static inline void lldt(u16 sel)
{
	asm volatile("lldt %0" : : "r"(sel) : "memory");
}

static inline void outb(u16 port, u8 v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(u16 port, u16 v)
{
	asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(u16 port, u32 v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void pause_cpu(void)
{
	asm volatile("pause" : : : "memory");
}

#endif
