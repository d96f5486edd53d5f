/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended state (SDM vol. 1, chapter 13). XCR0 on a CPU is the running guest's; it is opened to
 * all features for the time of a save or a load, when the guest's has less, so that every component
 * is written and initialised. `xcr0_now` belongs to its CPU.
 */
#include "x86/xstate.h"
#include "lib/check.h"
#include "lib/string.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/machine.h"

#define XCR0_X87    BIT(0)
#define XCR0_SSE    BIT(1)
#define XCR0_AVX    BIT(2)
#define XCR0_AVX512 (7ul << 5)
#define XCR0_PKRU   BIT(9)
#define SUPPORTED   (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512) /* what PV guests are offered */
#define FXSAVE_SIZE 512
#define HEADER_SIZE 64
#define FCW_INIT    0x37f
#define MXCSR_INIT  0x1f80

static u64 features ro_after_boot;
static u32 size ro_after_boot = FXSAVE_SIZE;
static u64 xcr0_now[NR_CPUS];
static u8 reset_area[FXSAVE_SIZE + HEADER_SIZE] aligned(
	64) ro_after_boot; /* XSTATE_BV 0: all initial */

size_t xstate_size(void)
{
	return size;
}

u64 xstate_features(void)
{
	return features;
}

bool xstate_xcr0_valid(u64 xcr0)
{
	if (!features || (xcr0 & ~features) || !(xcr0 & XCR0_X87))
		return false;
	if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
		return false;
	return !(xcr0 & XCR0_AVX512) || ((xcr0 & XCR0_AVX512) == XCR0_AVX512 && (xcr0 & XCR0_AVX));
}

u32 xstate_size_of(u64 xcr0)
{
	u32 bytes = FXSAVE_SIZE + HEADER_SIZE, a, b, c, d;

	for (unsigned i = 2; i < 63; i++) {
		if (!(xcr0 >> i & 1))
			continue;
		cpuid(0xd, i, &a, &b, &c, &d);
		bytes = max(bytes, a + b);
	}
	return bytes;
}

/* XSTATE_BV 0 means: every component in its initial state; MXCSR is loaded all the same, FCW by
 * FXRSTOR. */
static void xstate_reset(void *area, size_t bytes)
{
	const u16 fcw = FCW_INIT;
	const u32 mxcsr = MXCSR_INIT;

	memset(area, 0, bytes);
	memcpy(area, &fcw, sizeof(fcw));
	memcpy((u8 *)area + 24, &mxcsr, sizeof(mxcsr));
}

void xstate_init(void *area)
{
	xstate_reset(area, size);
}

void xcr0_set(u64 xcr0)
{
	u64 *now = &xcr0_now[cpu_id()];

	if (features && *now != xcr0) {
		*now = xcr0;
		xsetbv(0, xcr0);
	}
}

void xstate_save(void *area)
{
	if (!features) {
		asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
		return;
	}
	xcr0_set(features);
	if (cpu_features.xsaveopt)
		asm volatile("xsaveopt64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		asm volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

/* clang-format off */
#define RESTORE(insn) \
	asm volatile("1: " insn " (%1)\n2:\n\t" \
		     ".pushsection .text.fixup, \"ax\"\n" \
		     "3: xor %0, %0\n\tjmp 2b\n\t" \
		     ".popsection\n\t" EXTABLE("1b", "3b") \
		     : "+r"(ok) \
		     : "r"(area), "a"(~0u), "d"(~0u) \
		     : "memory", "cc")
/* clang-format on */

/* False: the area holds what the CPU does not take, and nothing was loaded. */
static bool restore(const void *area)
{
	u32 ok = 1;

	if (features)
		RESTORE("xrstor64");
	else
		RESTORE("fxrstor64");
	return ok;
}

/*
 * AMD's processors of before 2018 restore the x87 instruction and data pointers only with an
 * exception pending: else those of the vcpu before would stay (SECURITY C15, XSA-52). An
 * instruction of ours replaces them.
 */
static void forget_fp_pointers(void)
{
	static const u32 zero;

	asm volatile("fnclex; ffree %%st(7); fildl %0" : : "m"(zero));
}

void xstate_load(const void *area, u64 xcr0)
{
	xcr0_set(features);
	if (cpu_features.vendor == CPU_AMD && !cpu_features.restores_fp_pointers)
		forget_fp_pointers();
	if (unlikely(!restore(
		    area))) /* a context that the control domain set: its guest starts from reset */
		BUG_ON(!restore(reset_area));
	xcr0_set(xcr0);
}

void xstate_cpu_init(void)
{
	const u32 mxcsr = MXCSR_INIT;
	u32 a, b, c, d;

	if (cpu_features.xsave && !features && cpu_id() == 0) {
		cpuid(0xd, 0, &a, &b, &c, &d);
		features = (a | (u64)d << 32) & SUPPORTED;
		if ((features & XCR0_AVX512) != XCR0_AVX512)
			features &= ~XCR0_AVX512;
		size = xstate_size_of(features);
	}
	if (cpu_id() == 0)
		xstate_reset(reset_area, sizeof(reset_area));
	xcr0_set(features);
	asm volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}
