// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random calls from an unprivileged domain (SECURITY C10, G1 in small): every hypercall number with
 * arguments drawn from the boundary set: small numbers, powers of two and their neighbours,
 * addresses of all kinds, frames, domain ids. The child may end as it likes; dom0, the hypervisor
 * and the free memory must be as before. The sequence repeats exactly.
 */
#include "test.h"

#define CALLS 4000
#define SEEDS 4
#define DRIFT 16

static u64 state;
static u64 scratch[512] page_aligned;

static u64 random(u64 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static u64 argument(void)
{
	static const u64 edges[] = { 0, 1, 2, 3, 7, 8, 511, 512, 4095, 4096, 0x7fff, 0x7ff0, 0x7ff1,
		0x7ff2, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
		0x8000000000000000, ~0ul, NON_CANONICAL, HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END,
		UNMAPPED };

	switch (random(6)) {
	case 0: return random(32);
	case 1: return edges[random(ARRAY_SIZE(edges))];
	case 2:
		return virt_to_mfn(
			(void *)(VIRT_BASE + (random(start_info->nr_pages) << PAGE_SHIFT)));
	case 3: return (u64)scratch + PAGE_SIZE - 8 * random(16);
	default: return (u64)scratch + 8 * random(256);
	}
}

static void body(void)
{
	state = child_report->word[0];
	HC(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag);
	for (int i = 0; i < CALLS; i++) {
		u32 number = random(56);
		u64 a = argument();

		for (int j = 0; j < 16; j++)
			scratch[random(512)] = argument();
		/* Blocking and ending are no fun. */
		if (number == __HYPERVISOR_sched_op || number == __HYPERVISOR_sched_op_compat ||
			number == __HYPERVISOR_iret ||
			(number == __HYPERVISOR_vcpu_op && a == VCPUOP_down))
			continue;
		child_report->word[1] = i;
		TRAP(hypercall5(number, a, argument(), argument(), argument(), argument()));
	}
}

TEST(fuzz_hypercalls, "random hypercalls from a child leave the rest of the machine alone")
{
	u64 before;

	child_destroy(child_create(body));
	before = free_pages();
	for (u64 seed = 1; seed <= SEEDS; seed++) {
		struct child *child = child_create(body);

		child->report->word[0] = seed * 0x9e3779b97f4a7c15ul;
		child_unpause(child);
		child_wait(child, 8);
		child_destroy(child);
	}
	CHECK(free_pages_reach(before - DRIFT));
}
