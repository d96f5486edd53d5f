/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control domain's start-of-day layout: its rules (<xen/xen.h> startofday) checked over many
 * sizes, then page tables and frame list as they are written, walked back by hand: every address of
 * the region leads to its frame, tables are read-only, the list and the machine's table agree.
 */
#include "fake_machine.h"

#include <string.h>

#include "pv/dom0.h"
#include "pv/m2p.h"

#define BASE 0xffffffff80000000ull
#define P2M  0x8000000000ull
#define MIB  (1ull << 20)
#define ADDR 0x000ffffffffff000ull

static u64 machine_table[FAKE_FRAMES];

void m2p_set(mfn_t m, u64 pfn)
{
	assert_true(m.n < FAKE_FRAMES);
	machine_table[m.n] = pfn;
}

static struct kernel_image kernel_at(u64 first, u64 bytes, u64 p2m, bool by_pfn)
{
	return (struct kernel_image){ .virt_base = BASE,
		.entry = BASE + first,
		.start = BASE + first,
		.end = BASE + first + bytes,
		.p2m_base = p2m,
		.mod_start_pfn = by_pfn };
}

static void check_rules(
	const struct kernel_image *k, u64 initrd, u64 total, const struct dom0_layout *l)
{
	u64 region = (l->v_end - l->v_start) / PAGE_SIZE, last = l->stack_va + PAGE_SIZE;
	u64 at = round_up(k->end, PAGE_SIZE), beyond = region;

	assert_int_equal(l->v_start, BASE);
	assert_int_equal((l->v_end - l->v_start) % (4 * MIB), 0);
	assert_true(l->v_end - last >= 512 << 10);
	assert_true(l->v_end - last < 512 * 1024 + 8 * MIB);
	assert_int_equal(l->initrd_frames, (initrd + PAGE_SIZE - 1) / PAGE_SIZE);
	if (initrd && !k->mod_start_pfn) {
		assert_int_equal(l->initrd_va, at);
		at += l->initrd_frames * PAGE_SIZE;
	} else {
		assert_int_equal(l->initrd_va, 0);
	}
	if (initrd && k->mod_start_pfn) {
		assert_int_equal(l->initrd_pfn, beyond);
		beyond += l->initrd_frames;
	}
	assert_int_equal(l->p2m_frames, (total * 8 + PAGE_SIZE - 1) / PAGE_SIZE);
	if (k->p2m_base) {
		assert_int_equal(l->p2m_va, k->p2m_base);
		assert_int_equal(l->p2m_pfn, beyond);
		beyond += l->p2m_frames + l->p2m_tables;
	} else {
		assert_int_equal(l->p2m_va, at);
		assert_int_equal(l->p2m_tables, 0);
		at += l->p2m_frames * PAGE_SIZE;
	}
	assert_int_equal(l->start_info_va, at);
	assert_int_equal(l->tables_va, at + PAGE_SIZE);
	assert_int_equal(l->stack_va, l->tables_va + l->table_count * PAGE_SIZE);
	assert_true(l->table_count >= 1 + dom0_tables_for(l->v_start, l->v_end));
	assert_true(beyond <= total);
}

static void rules_hold_for_many_sizes(void **state)
{
	static const u64 sizes[] = { 1, 4095, 4096, 4097, 2 * MIB, 2 * MIB + 1, 33 * MIB, 63 * MIB,
		64 * MIB - 1, 100 * MIB, 511 * MIB };
	static const u64 initrds[] = { 0, 1, 4096, 5 * MIB + 3, 200 * MIB };
	struct dom0_layout l;
	unsigned fitted = 0;

	for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++)
		for (unsigned i = 0; i < ARRAY_SIZE(initrds); i++)
			for (unsigned form = 0; form < 4; form++) {
				struct kernel_image k =
					kernel_at(16 * MIB, sizes[s], form & 1 ? P2M : 0, form & 2);
				u64 total = 1ull << 20;

				if (dom0_layout_make(&l, &k, initrds[i], total))
					continue; /* 1 GiB of addresses do not hold the largest
						     mapped ones */
				check_rules(&k, initrds[i], total, &l);
				fitted++;
			}
	assert_true(fitted > 200);
}

static void small_domains_are_refused(void **state)
{
	struct kernel_image k = kernel_at(16 * MIB, 10 * MIB, P2M, true);
	struct dom0_layout l;
	u64 total = 4096;

	while (dom0_layout_make(&l, &k, MIB, total) == -E2BIG)
		total++;
	assert_int_equal(dom0_layout_make(&l, &k, MIB, total), 0);
	check_rules(&k, MIB, total, &l);
	assert_int_equal(
		l.p2m_pfn + l.p2m_frames + l.p2m_tables, total); /* not one frame too many */
	assert_int_equal(dom0_layout_make(&l, &k, MIB, total - 1), -E2BIG);
	assert_int_equal(dom0_layout_make(&l, &k, 1ull << 41, 1ull << 20), -EINVAL);
	k = kernel_at(
		0x7fff0000, 0x8000, 0, false); /* no room below the top of the address space */
	assert_int_equal(dom0_layout_make(&l, &k, 0, 1ull << 20), -EINVAL);
}

static void tables_are_counted_right(void **state)
{
	assert_int_equal(dom0_tables_for(0, 1), 3);
	assert_int_equal(dom0_tables_for(0, 2 * MIB), 3);
	assert_int_equal(dom0_tables_for(0, 2 * MIB + 1), 4);
	assert_int_equal(dom0_tables_for(2 * MIB - 1, 2 * MIB + 1), 4);
	assert_int_equal(dom0_tables_for(1ull << 30, (1ull << 30) + 1), 3);
	assert_int_equal(dom0_tables_for((1ull << 30) - 1, (1ull << 30) + 1), 5);
	assert_int_equal(dom0_tables_for((1ull << 39) - 1, (1ull << 39) + 1), 6);
}

/* ---- written memory ---- */

static u64 walk(u64 top, u64 va, u64 *flags)
{
	u64 table = top;

	for (int shift = 39; shift >= 12; shift -= 9) {
		u64 e = ((u64 *)frame_map(mfn(table)))[va >> shift & 511];

		if (!(e & 1))
			return ~0ull;
		*flags = e & 0xfff;
		table = (e & ADDR) >> 12;
	}
	return table;
}

static struct dom0_frames f;

static void check_written(const struct dom0_layout *l, u64 top)
{
	for (u64 va = l->v_start; va < l->v_end; va += PAGE_SIZE) {
		bool table = va >= l->tables_va && va < l->stack_va;
		u64 flags;

		assert_int_equal(
			walk(top, va, &flags), dom0_frame_of(&f, (va - l->v_start) / PAGE_SIZE));
		assert_int_equal(!!(flags & 2), !table);
		assert_true(flags & 4);
	}
	for (u64 pfn = 0; pfn < l->total_frames; pfn++) {
		u64 flags, frame = walk(top, l->p2m_va + pfn * 8, &flags);
		u64 listed = ((u64 *)frame_map(mfn(frame)))[pfn % 512];

		assert_int_equal(listed, dom0_frame_of(&f, pfn));
		assert_int_equal(machine_table[listed], pfn);
		assert_true(page_owned_by(page_of(mfn(listed)), f.d->id));
	}
	assert_int_equal(walk(top, l->v_end, &(u64){ 0 }), ~0ull);
	assert_int_equal(walk(top, 0, &(u64){ 0 }), ~0ull);
}

static void build_and_check(u16 id, u64 p2m)
{
	struct kernel_image k = kernel_at(MIB, 3 * MIB + 5, p2m, true);
	struct dom0_layout l;
	u64 total = 5000, top, region;

	f = (struct dom0_frames){ .d = fake_domain(id, 1, true) };
	assert_int_equal(dom0_layout_make(&l, &k, 0, total), 0);
	region = (l.v_end - l.v_start) / PAGE_SIZE;
	dom0_frames_alloc(&f, 0, region);
	dom0_frames_alloc(&f, region, total - region);
	assert_int_equal(f.d->tot_pages, total);
	dom0_write_p2m(&f, &l);
	top = dom0_write_tables(&f, &l);
	assert_int_equal(top, dom0_frame_of(&f, (l.tables_va - l.v_start) / PAGE_SIZE));
	check_written(&l, top);
	fake_kill(f.d);
}

static void memory_is_written_as_planned(void **state)
{
	build_and_check(3, 0);
	build_and_check(4, P2M);
}

static void writes_cross_chunks(void **state)
{
	u8 text[3 * PAGE_SIZE];

	f = (struct dom0_frames){ .d = fake_domain(5, 1, true) };
	dom0_frames_alloc(&f, 10, 2);
	dom0_frames_alloc(&f, 12, 1);
	dom0_frames_alloc(&f, 100, 7);
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 13 + 1);
	dom0_write(&f, 10 * PAGE_SIZE + 100, text, 2 * PAGE_SIZE + 500);
	for (unsigned i = 0; i < 2 * PAGE_SIZE + 500; i++) {
		u64 at = 10 * PAGE_SIZE + 100 + i;
		u8 *page = frame_map(mfn(dom0_frame_of(&f, at / PAGE_SIZE)));

		assert_int_equal(page[at % PAGE_SIZE], text[i]);
	}
	dom0_write(&f, 11 * PAGE_SIZE - 1, NULL, 2);
	assert_int_equal(((u8 *)frame_map(mfn(dom0_frame_of(&f, 10))))[PAGE_SIZE - 1], 0);
	assert_int_equal(((u8 *)frame_map(mfn(dom0_frame_of(&f, 11))))[0], 0);
	assert_int_not_equal(((u8 *)frame_map(mfn(dom0_frame_of(&f, 11))))[1], 0);
	fake_kill(f.d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_hold_for_many_sizes),
		cmocka_unit_test(small_domains_are_refused),
		cmocka_unit_test(tables_are_counted_right),
		cmocka_unit_test(memory_is_written_as_planned),
		cmocka_unit_test(writes_cross_chunks),
	};

	fake_boot(1, 20000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
