// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two vcpus fight over the type of the same frames (SECURITY C2: xsa-401, 242, 299): one pins and
 * unpins them as page tables, the other maps them writable and writes garbage. At no time may a
 * frame be both; at the end all references are gone and each frame can be either again.
 */
#include "test.h"

#define FRAMES 4
#define ROUNDS 3000

static u64 *frame[FRAMES];
static volatile bool stop;
static volatile u32 mapped;

static u64 window(int i)
{
	return SCRATCH + (40ul << 30) + i * PAGE_SIZE;
}

static void writer(void *argument)
{
	trap_reset();
	for (u32 n = 0; !stop; n++) {
		int i = n % FRAMES;
		u64 *va = (u64 *)window(i);

		if (va_write(va, MAKE_PTE(virt_to_mfn(frame[i]), PTE_RW_DATA)))
			continue;
		mapped++;
		/* Garbage of the kind that validation must refuse: another frame of nobody's,
		 * writable. */
		WRITE_ONCE(va[7], MAKE_PTE(0x3fffffff, PTE_RW_DATA));
		WRITE_ONCE(va[7], 0);
		CHECK_EQ(va_write(va, 0), 0);
	}
}

CHILD_TEST(smp_type_race, "pinning against writable mappings on two vcpus")
{
	u32 pinned = 0;

	for (int i = 0; i < FRAMES; i++) {
		frame[i] = table_alloc();
		CHECK_EQ(map_page(window(i), 0), 0);
	}
	CHECK_EQ(vcpu_start(1, writer, NULL), 0);
	for (u32 n = 0; n < ROUNDS; n++) {
		u64 mfn = virt_to_mfn(frame[n % FRAMES]);

		if (mmuext(MMUEXT_PIN_L1_TABLE, mfn))
			continue;
		pinned++;
		/* Validated: nothing that was written by then may stand there. */
		CHECK_EQ(READ_ONCE(frame[n % FRAMES][7]), 0);
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
	}
	stop = true;
	CHECK(vcpu_wait(1, 5));
	CHECK(pinned > 0 && mapped > 0);
	for (int i = 0; i < FRAMES; i++) {
		CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(frame[i])), 0);
		CHECK(page_set_flags(frame[i], PTE_RW_DATA) < 0);
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(frame[i])), 0);
		CHECK_EQ(page_set_flags(frame[i], PTE_RW_DATA), 0);
	}
}
