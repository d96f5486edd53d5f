// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XSAVE in a PV guest: the kernel sees XSAVE and AVX in CPUID, sets CR4.OSXSAVE, chooses XCR0 with
 * XSETBV. Two vcpus of a child and dom0 share one CPU, each with its own pattern in all of its
 * vector registers' 256 bits: after many turns each still sees its own (SECURITY C15: xsa-52, 267),
 * and a new vcpu starts with clean ones, also in what it did not enable yet.
 */
#include "test.h"

#define CPUID1_XSAVE   (1u << 26)
#define CPUID1_OSXSAVE (1u << 27)
#define CPUID1_AVX     (1u << 28)
#define CR4_OSXSAVE    (1ul << 18)
#define TURNS	       200

static u32 leaf1_ecx(void)
{
	u32 a = 1, b, c = 0, d;

	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
		     : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c;
}

static void enable(void)
{
	u64 cr4;
	u32 low, high;

	CHECK_EQ(leaf1_ecx() & (CPUID1_XSAVE | CPUID1_AVX), CPUID1_XSAVE | CPUID1_AVX);
	asm volatile("movq %%cr4, %0" : "=r"(cr4));
	CHECK_EQ(TRAP(asm volatile("movq %0, %%cr4" ::"r"(cr4 | CR4_OSXSAVE))), NO_TRAP);
	CHECK_EQ(leaf1_ecx() & CPUID1_OSXSAVE, CPUID1_OSXSAVE);
	CHECK_EQ(TRAP(asm volatile("xsetbv" ::"a"(7), "d"(0), "c"(0))), NO_TRAP);
	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	CHECK_EQ(low, 7);
	CHECK_EQ(high, 0);
}

static void load(u64 value)
{
	u64 v[4] = { value, ~value, value + 1, value + 2 };

	asm volatile(
		"vmovdqu %0, %%ymm0; vmovdqa %%ymm0, %%ymm7; vmovdqa %%ymm0, %%ymm15" ::"m"(v));
}

static bool holds(const u64 want[4])
{
	u64 v[3][4];

	asm volatile("vmovdqu %%ymm0, %0; vmovdqu %%ymm7, %1; vmovdqu %%ymm15, %2"
		     : "=m"(v[0]), "=m"(v[1]), "=m"(v[2]));
	for (int i = 0; i < 4; i++)
		if (v[0][i] != want[i] || v[1][i] != want[i] || v[2][i] != want[i])
			return false;
	return true;
}

static bool holds_pattern(u64 value)
{
	return holds((u64[4]){ value, ~value, value + 1, value + 2 });
}

static void turns(void *pattern)
{
	u64 mine = (u64)pattern;

	trap_reset();
	enable();
	CHECK(holds((u64[4]){ 0 }));
	load(mine);
	for (int i = 0; i < TURNS; i++) {
		HC(sched_op, SCHEDOP_yield, NULL);
		for (int j = 0; j < 1000; j++)
			barrier();
		CHECK(holds_pattern(mine));
	}
}

static void body(void)
{
	CHECK_EQ(vcpu_start(1, turns, (void *)0xbbbbbbbbbbbbbbbb), 0);
	turns((void *)0xaaaaaaaaaaaaaaaa);
	CHECK(vcpu_wait(1, 10));
}

/* Where vcpu `id` may run: the first CPU, or all. */
static void pin(struct xen_domctl d, u32 id, u8 cpus)
{
	d.u.vcpuaffinity.vcpu = id;
	d.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	d.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	set_xen_guest_handle(d.u.vcpuaffinity.cpumap_hard.bitmap, &cpus);
	CHECK_EQ(HC(domctl, &d), 0);
}

TEST(child_xsave, "AVX state of vcpus that share a CPU stays apart")
{
	struct child *child = child_create(body);
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_setvcpuaffinity), own = d;

	own.domain = 0;
	enable();
	pin(d, 0, 1);
	pin(d, 1, 1);
	pin(own, 0, 1);
	load(0xcccccccccccccccc);
	child_unpause(child);
	CHECK_EQ(child_wait(child, 20), SHUTDOWN_poweroff);
	CHECK(holds_pattern(0xcccccccccccccccc));
	pin(own, 0, 0xff);
	CHECK(child_print(child));
	fact("XCR0 0", "%s", trap_name(TRAP(asm volatile("xsetbv" ::"a"(0), "d"(0), "c"(0)))));
	fact("XCR0 without SSE", "%s",
		trap_name(TRAP(asm volatile("xsetbv" ::"a"(5), "d"(0), "c"(0)))));
	fact("XCR0 with PKRU", "%s",
		trap_name(TRAP(asm volatile("xsetbv" ::"a"(0x207), "d"(0), "c"(0)))));
	fact("XCR1", "%s", trap_name(TRAP(asm volatile("xsetbv" ::"a"(7), "d"(0), "c"(1)))));
	fact("OSXSAVE cleared", "%s", trap_name(TRAP({
		u64 cr4;

		asm volatile("movq %%cr4, %0" : "=r"(cr4));
		asm volatile("movq %0, %%cr4" ::"r"(cr4 & ~CR4_OSXSAVE));
	})));
}
