/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page-type machine (pv/pagetype.c, pte.c, mmu.c) under a scheduler of our own: three CPUs of
 * one hostile domain on few frames, each a user context, switched at random before atomic
 * operations and in every wait, with preemption (should_yield) at random and operations given up in
 * the middle. Each CPU has a model TLB and a model cache of table pointers that fill from whatever
 * tables are live and forget only at flushes.
 *
 * Checked while it runs: what a CPU can still write (live entry or stale translation) is never a
 * valid table. Checked when all rest (A7): a type count is the number of live uses, a page
 * reference count likewise; in the end everything goes back to zero.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#undef fail
#include <cmocka.h>
#undef fail

#include <sanitizer/common_interface_defs.h>

#include "core/domain.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/check.h"
#include "pv/desc.h"
#include "pv/m2p.h"
#include "pv/mmu.h"
#include "pv/pte.h"
#include "x86/guest_cpu.h"

#define CPUS	3
#define FRAMES	14 /* numbers 1..13 are the domain's, 0 is nobody's */
#define ENTRIES 4  /* entries of a table that the actors use: 0..3 */
#define STACK	(256 * 1024)

static u8 ram[FRAMES * PAGE_SIZE] aligned(4096);
static struct page frames[FRAMES];
struct page *const frame_table_fake = frames;
struct frame_bounds frame_bounds = { .limit = FRAMES, .chunk_present = { 1 } };
unsigned fake_cpu;
struct vcpu *fake_current[FAKE_CPUS];
struct regs fake_regs[FAKE_CPUS];
struct cpumask cpu_online_map;

static struct pv_domain domain;
static struct pv_vcpu vcpus[CPUS];
static struct vcpu *vcpu_list[CPUS];

/* ---- random numbers and actors ---- */

static u64 seed;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

static struct actor {
	ucontext_t context;
	void *fake_stack;
	u8 *stack;
	bool busy;
	unsigned todo;
} actors[CPUS];
static ucontext_t home;
static void *home_fake_stack;
static const void *home_stack;
static size_t home_size;
static bool running; /* in an actor */
static unsigned switch_rate, yield_rate;
static unsigned long steps, preempted, done_ops, refused_ops;

static void switch_to(unsigned next)
{
	unsigned self = fake_cpu;

	if (next == self)
		return;
	fake_cpu = next;
	__sanitizer_start_switch_fiber(&actors[self].fake_stack, actors[next].stack, STACK);
	swapcontext(&actors[self].context, &actors[next].context);
	__sanitizer_finish_switch_fiber(actors[fake_cpu].fake_stack, NULL, NULL);
}

static void other_actor(void)
{
	for (unsigned tries = pick(CPUS), i = 0; i < CPUS; i++) {
		unsigned next = (tries + i) % CPUS;

		if (next != fake_cpu && actors[next].busy) {
			switch_to(next);
			return;
		}
	}
}

void sct_point(void)
{
	if (running && pick(100) < switch_rate)
		other_actor();
}

void cpu_relax(void)
{
	assert_true(++steps < 100000000ul); /* a wait that nobody ends */
	if (running)
		other_actor();
}

static bool pressed; /* a CPU that always has something more urgent to do */

bool should_yield(void)
{
	if (pressed)
		return true;
	if (running && pick(100) < yield_rate) {
		preempted++;
		return true;
	}
	return false;
}

/* ---- the machine that the code under test sees ---- */

static struct {
	bool writable[FRAMES]; /* a translation that allows writing the frame */
	bool table[FRAMES];    /* the walker has it as an L1 */
	u32 flushed;
} tlb[CPUS];
static u32 flush_clock = 1;

static void flush_cpu(unsigned cpu)
{
	memset(tlb[cpu].writable, 0, sizeof(tlb[cpu].writable));
	memset(tlb[cpu].table, 0, sizeof(tlb[cpu].table));
	tlb[cpu].flushed = ++flush_clock;
}

u32 tlb_stamp_now(void)
{
	u32 now = flush_clock;

	sct_point(); /* it is old when the caller has it */
	return now;
}

void tlb_flush_since(const struct cpumask *mask, u32 stamp)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		sct_point();
		if (cpumask_test(mask, cpu) && tlb[cpu].flushed <= stamp)
			flush_cpu(cpu);
	}
}

void tlb_flush(const struct cpumask *mask)
{
	tlb_flush_since(mask, flush_clock);
}

void tlb_flush_va(const struct cpumask *mask, u64 va)
{
}

void tlb_flush_va_local(u64 va)
{
}

void cr3_switch(u64 cr3)
{
	flush_cpu(fake_cpu);
}

void cr3_toggle(u64 cr3)
{
}

u64 hv_cr3(void)
{
	return 0;
}

u64 hv_l4_slot(unsigned slot)
{
	return 0xabc000 + slot;
}

void gs_swap(void)
{
}

void cpu_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg)
{
	unsigned self = fake_cpu;

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		fake_cpu = cpu;
		if (cpumask_test(mask, cpu))
			fn(arg);
	}
	fake_cpu = self;
}

void *frame_map(mfn_t m)
{
	assert_true(m.n < FRAMES);
	return ram + m.n * PAGE_SIZE;
}

bool page_get(struct page *p, const struct domain *d)
{
	sct_point();
	if (p->owner != d->id || !p->ref)
		return false;
	p->ref++;
	return true;
}

bool page_get_any(struct page *p)
{
	return page_get(p, &domain.common);
}

void page_put(struct page *p)
{
	sct_point();
	assert_true(p->ref > 1); /* our own reference stays */
	p->ref--;
}

struct domain *domain_find(u16 id)
{
	assert_int_equal(id, domain.common.id);
	return &domain.common;
}

void domain_put(struct domain *d)
{
}

bool rangeset_contains(struct rangeset *r, u64 first, u64 last)
{
	return false;
}

unsigned cpu_phys_bits(void)
{
	return 40;
}

u64 guest_copy_in(void *to, u64 va, u64 bytes)
{
	return bytes;
}

void m2p_set(mfn_t m, u64 pfn)
{
}

bool desc_check_page(u64 *table)
{
	return !(table[0] & PTE_PRESENT);
}

void desc_invalidate_ldt(struct domain *d)
{
}

int fail_at(int err, const char *file, unsigned line)
{
	return -err;
}

noreturn void bug_at(const char *what, const char *file, unsigned line)
{
	fprintf(stderr, "BUG %s at %s:%u\n", what, file, line);
	abort();
}

/* ---- what is true at any time ---- */

static bool is_valid_table(unsigned frame)
{
	u64 word = frames[frame].type;

	return (word & PTW_COUNT) && (word & PTW_VALIDATED) && pt_type(word) != PT_WRITABLE;
}

static void check_tlbs(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		for (unsigned f = 0; f < FRAMES; f++)
			if (tlb[cpu].writable[f] && is_valid_table(f)) {
				fprintf(stderr,
					"seed state: CPU %u can write frame %u, type word %lx\n",
					cpu, f, (unsigned long)frames[f].type);
				abort();
			}
}

/* The CPU reads the entries of the L1s in its cache. What it finds there it may keep. */
static void tlb_fill(unsigned cpu)
{
	for (unsigned l1 = 0; l1 < FRAMES; l1++) {
		const u64 *table = frame_map(mfn(l1));

		for (unsigned i = 0; tlb[cpu].table[l1] && i < ENTRIES; i++)
			if ((table[i] & PTE_PRESENT) && (table[i] & PTE_WRITE) &&
				pte_mfn(table[i]).n < FRAMES)
				tlb[cpu].writable[pte_mfn(table[i]).n] = true;
	}
}

/* The CPU walks everywhere from its CR3 and keeps the L1s that it finds. No recursion: one level
 * after the other. */
static void walk_fill(unsigned cpu)
{
	bool now[FRAMES] = { false }, below[FRAMES];

	if (vcpus[cpu].kernel_l4 == INVALID_MFN_RAW)
		return;
	now[vcpus[cpu].kernel_l4] = true;
	for (unsigned level = 4; level > 1; level--) {
		memset(below, 0, sizeof(below));
		for (unsigned f = 0; f < FRAMES; f++) {
			const u64 *table = frame_map(mfn(f));

			for (unsigned i = 0; now[f] && i < ENTRIES; i++) {
				if (!(table[i] & PTE_PRESENT))
					continue;
				assert_true(pte_mfn(table[i]).n < FRAMES);
				below[pte_mfn(table[i]).n] = true;
			}
		}
		memcpy(now, below, sizeof(now));
	}
	for (unsigned f = 0; f < FRAMES; f++)
		tlb[cpu].table[f] |= now[f];
}

static void guest_runs(void)
{
	unsigned cpu = fake_cpu, f = 1 + pick(FRAMES - 1);

	walk_fill(cpu);
	tlb_fill(cpu);
	check_tlbs();
	if (tlb[cpu].writable[f]) /* so the frame is no table: anything may be written there */
		((u64 *)frame_map(mfn(f)))[pick(ENTRIES)] =
			pick(3) ? 0 : (u64)(1 + pick(FRAMES - 1)) << PAGE_SHIFT | 7;
}

/* ---- operations ---- */

static u64 random_entry(void)
{
	u64 target = 1 + pick(FRAMES - 1);

	switch (pick(8)) {
	case 0:
	case 1: return 0;
	case 2: return target << PAGE_SHIFT | PTE_PRESENT;
	case 3: return (u64)FRAMES << PAGE_SHIFT | 7;	   /* not there */
	case 4: return target << PAGE_SHIFT | 7 | PTE_PSE; /* L2 up: large; L1: cache attribute */
	default: return target << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_USER;
	}
}

#define OP_UPDATE 6 /* this and higher ones */

static int one_op(unsigned kind, unsigned frame, u64 a, u64 b)
{
	struct domain *d = &domain.common;
	struct vcpu *v = current_vcpu();

	switch (kind) {
	case 0:
	case 1: return pagetype_pin(d, mfn(frame), PT_L1 + a % 4);
	case 2: return pagetype_unpin(d, mfn(frame));
	case 3: return mmu_set_kernel_l4(v, mfn(frame));
	case 4: return mmu_set_user_l4(v, mfn(b % 3 ? frame : 0));
	case 5:
		return pagetype_page_get(mfn(frame), PT_DESC, d)
			       ? -EINVAL
			       : (pagetype_page_put(&frames[frame]), 0);
	default:
		return mmu_update_one((u64)frame << PAGE_SHIFT | (a % ENTRIES) * 8 |
					      (a / 4 % 2 ? MMU_PT_UPDATE_PRESERVE_AD : 0),
			b, d, d);
	}
}

static int retried(unsigned kind, unsigned frame, u64 a, u64 b)
{
	int r;

	do
		r = one_op(kind, frame, a, b);
	while (r == -ERESTART && pick(8)); /* now and then the guest never comes back to it */
	return r;
}

static unsigned hot; /* a frame that all like */

static unsigned pick_frame(void)
{
	return pick(2) ? hot : 1 + pick(FRAMES - 1);
}

/* Map a frame writable in an L1 of this CPU, use it, and take it away again: what a type change
 * elsewhere must not overlook. */
static void flip(void)
{
	unsigned cpu = fake_cpu, first = pick(FRAMES), target = pick_frame();

	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned l1 = (first + i) % FRAMES;

		if (!tlb[cpu].table[l1])
			continue;
		retried(OP_UPDATE, l1, 3, (u64)target << PAGE_SHIFT | 7);
		guest_runs();
		retried(OP_UPDATE, l1, 3, 0);
		return;
	}
}

static void act(void)
{
	unsigned kind = pick(16), frame = pick_frame();

	if (kind > OP_UPDATE + 6)
		flip();
	else if (retried(kind, frame, pick(1000), kind >= OP_UPDATE ? random_entry() : pick(1000)))
		refused_ops++;
	else
		done_ops++;
}

static void actor_main(void)
{
	__sanitizer_finish_switch_fiber(
		NULL, running ? NULL : &home_stack, running ? NULL : &home_size);
	running = true;
	for (;;) {
		struct actor *me = &actors[fake_cpu];
		unsigned self = fake_cpu;
		bool any = false;

		while (me->todo) {
			me->todo--;
			if (pick(2))
				act();
			else
				guest_runs();
			check_tlbs();
		}
		me->busy = false;
		for (unsigned i = 0; i < CPUS; i++)
			any |= actors[i].busy;
		if (any) {
			other_actor();
			continue;
		}
		running = false;
		__sanitizer_start_switch_fiber(&actors[self].fake_stack, home_stack, home_size);
		swapcontext(&actors[self].context, &home);
		__sanitizer_finish_switch_fiber(actors[self].fake_stack, NULL, NULL);
		running = true;
	}
}

/* Let every actor do n things, interleaved, until all rest. */
static void round_of(unsigned n)
{
	for (unsigned i = 0; i < CPUS; i++) {
		actors[i].todo = n;
		actors[i].busy = true;
	}
	fake_cpu = pick(CPUS);
	__sanitizer_start_switch_fiber(&home_fake_stack, actors[fake_cpu].stack, STACK);
	swapcontext(&home, &actors[fake_cpu].context);
	__sanitizer_finish_switch_fiber(home_fake_stack, NULL, NULL);
}

/* ---- what is true when all rest ---- */

static unsigned types[FRAMES], refs[FRAMES];

static void count_entry(unsigned level, u64 pte)
{
	unsigned f = pte_mfn(pte).n;

	if (!(pte & PTE_PRESENT))
		return;
	assert_true(f < FRAMES);
	refs[f]++;
	if (level > 1 || (pte & PTE_WRITE))
		types[f]++;
	if (level > 1 && is_valid_table(f))
		assert_int_equal(pt_level(pt_type(frames[f].type)), level - 1);
	if (level == 1 && (pte & PTE_WRITE))
		assert_int_equal(pt_type(frames[f].type), PT_WRITABLE);
}

static void count_entries(unsigned frame, unsigned level, unsigned below)
{
	const u64 *table = frame_map(mfn(frame));

	for (unsigned i = 0; i < below; i++)
		if (!pte_is_hv_slot(level, i))
			count_entry(level, table[i]);
}

static void count_walk(const struct pt_walk *w)
{
	if (w->root_ref)
		refs[page_frame(w->root).n]++;
	for (unsigned i = 0; i < w->depth; i++) {
		unsigned f = page_frame(w->frame[i].page).n;

		types[f]++;
		if (i)
			refs[f]++;
		assert_true(frames[f].type & PTW_PARTIAL);
		count_entries(f, w->frame[i].level, w->frame[i].next);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(w->held); i++) {
		if (!w->held[i])
			continue;
		types[page_frame(w->held[i]).n]++;
		refs[page_frame(w->held[i]).n]++;
	}
}

static void audit(void)
{
	memset(types, 0, sizeof(types));
	memset(refs, 0, sizeof(refs));
	for (unsigned f = 1; f < FRAMES; f++) {
		u64 word = frames[f].type;

		refs[f]++;
		if (word & PTW_PINNED) {
			types[f]++;
			refs[f]++;
		}
		if (is_valid_table(f) && pt_is_table(pt_type(word)))
			count_entries(f, pt_level(pt_type(word)), PTE_ENTRIES);
		if (is_valid_table(f) && pt_type(word) == PT_L4)
			for (unsigned i = 1; i < HV_SLOTS; i++)
				assert_int_equal(((u64 *)frame_map(mfn(f)))[HV_FIRST_SLOT + i],
					hv_l4_slot(i));
	}
	for (unsigned i = 0; i < CPUS; i++) {
		const u64 l4s[2] = { vcpus[i].kernel_l4, vcpus[i].user_l4 };

		for (unsigned k = 0; k < 2; k++) {
			if (l4s[k] == INVALID_MFN_RAW)
				continue;
			types[l4s[k]]++;
			refs[l4s[k]]++;
			assert_int_equal(pt_type(frames[l4s[k]].type), PT_L4);
			assert_true(is_valid_table(l4s[k]));
		}
	}
	count_walk(&domain.walk);
	for (unsigned f = 1; f < FRAMES; f++) {
		if ((frames[f].type & PTW_COUNT) != types[f] || frames[f].ref != refs[f])
			fprintf(stderr,
				"frame %u: type word %lx but %u uses, %lu references but %u\n", f,
				(unsigned long)frames[f].type, types[f],
				(unsigned long)frames[f].ref, refs[f]);
		assert_int_equal(frames[f].type & PTW_COUNT, types[f]);
		assert_int_equal(frames[f].ref, refs[f]);
	}
	check_tlbs();
}

/* ---- a run ---- */

static void start(u64 run_seed, unsigned switches, unsigned yields)
{
	seed = run_seed * 0x9e3779b97f4a7c15ul + 1;
	switch_rate = switches;
	yield_rate = yields;
	memset(ram, 0, sizeof(ram));
	memset(frames, 0, sizeof(frames));
	memset(&domain, 0, sizeof(domain));
	memset(vcpus, 0, sizeof(vcpus));
	memset(tlb, 0, sizeof(tlb));
	domain.common.id = 1;
	domain.common.vcpu = vcpu_list;
	domain.common.max_vcpus = CPUS;
	domain.common.first_page = 1;
	for (unsigned f = 0; f < FRAMES; f++) {
		frames[f].owner = f ? 1 : 0xffff;
		frames[f].ref = 1;
		frames[f].next = f + 1 < FRAMES ? f + 1 : FRAME_NIL;
	}
	for (unsigned i = 0; i < CPUS; i++) {
		vcpus[i].common.domain = &domain.common;
		vcpus[i].common.id = i;
		vcpus[i].kernel_l4 = vcpus[i].user_l4 = INVALID_MFN_RAW;
		vcpus[i].kernel_mode = true;
		vcpus[i].loaded_cpu = i;
		vcpu_list[i] = &vcpus[i].common;
		fake_current[i] = &vcpus[i].common;
		cpumask_set(&cpu_online_map, i);
		cpumask_set(&domain.dirty_cpus, i);
		actors[i].stack = malloc(STACK);
		getcontext(&actors[i].context);
		actors[i].context.uc_stack.ss_sp = actors[i].stack;
		actors[i].context.uc_stack.ss_size = STACK;
		makecontext(&actors[i].context, actor_main, 0);
	}
}

static void finish(void)
{
	unsigned calls = 0;
	int r;

	fake_cpu = 0;
	fake_current[0] = NULL; /* the domain is dying: its vcpus run nowhere */
	for (unsigned i = 0; i < CPUS; i++) {
		do
			r = mmu_set_user_l4(&vcpus[i].common, mfn(0));
		while (r == -ERESTART);
		do
			r = mmu_set_kernel_l4(&vcpus[i].common, mfn(0));
		while (r == -ERESTART);
	}
	/* Each call gets something done, even if it may do as little as possible. */
	pressed = true;
	do {
		r = pagetype_relinquish(&domain.common);
		assert_true(++calls < 64 * FRAMES);
	} while (r == -ERESTART);
	pressed = false;
	assert_int_equal(r, 0);
	audit();
	for (unsigned f = 1; f < FRAMES; f++) {
		assert_int_equal(frames[f].type & PTW_COUNT, 0);
		assert_int_equal(frames[f].ref, 1);
	}
	for (unsigned i = 0; i < CPUS; i++)
		free(actors[i].stack);
}

/* Trees that random operations alone would seldom build: 1 <- 2 <- 3 <- 4 and 8 <- 7 <- 6 <- 5,
 * sharing an L2. */
static void plant(void)
{
	static const u8 links[][3] = { { 1, 0, 2 }, { 2, 0, 3 }, { 3, 0, 4 }, { 5, 1, 6 },
		{ 6, 0, 3 }, { 6, 1, 7 }, { 7, 0, 8 }, { 7, 2, 4 } };

	for (unsigned i = 0; i < ARRAY_SIZE(links); i++)
		((u64 *)frame_map(mfn(links[i][0])))[links[i][1]] =
			(u64)links[i][2] << PAGE_SHIFT | 7;
	hot = 9 + pick(5);
	((u64 *)frame_map(mfn(4)))[0] = 9ul << PAGE_SHIFT | 7;
	((u64 *)frame_map(mfn(8)))[1] = 10ul << PAGE_SHIFT | 7;
	for (fake_cpu = 0; fake_cpu < CPUS; fake_cpu++)
		assert_int_equal(mmu_set_kernel_l4(current_vcpu(), mfn(fake_cpu ? 5 : 1)), 0);
}

static void run_many(unsigned runs, unsigned rounds, unsigned switches, unsigned yields)
{
	for (unsigned run = 0; run < runs; run++) {
		start(run + 1000 * switches + yields, switches, yields);
		plant();
		for (unsigned i = 0; i < rounds; i++) {
			round_of(1 + pick(12));
			audit();
		}
		finish();
	}
}

static void test_interleaved(void **state)
{
	run_many(1500, 60, 30, 0);
}

static void test_few_switches(void **state)
{
	run_many(2500, 60, 4, 1);
}

static void test_preempted(void **state)
{
	unsigned long before = preempted;

	run_many(1500, 60, 10, 40);
	assert_true(preempted > before + 1000);
}

static void test_preempted_alone(void **state)
{
	run_many(1500, 60, 0, 60);
}

static void test_mixed(void **state)
{
	run_many(1500, 60, 60, 60);
	assert_true(done_ops > 10000 && refused_ops > 10000);
}

/* DOMID_IO names frames that nobody owns: there is no owner to look at. */
static void test_m2p_of_no_owner(void **state)
{
	start(1, 0, 0);
	fake_cpu = 0;
	assert_int_equal(
		mmu_update_one(3ul << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 7, &domain.common, NULL),
		-EINVAL);
	assert_int_equal(frames[3].ref, 1);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_m2p_of_no_owner),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_few_switches),
		cmocka_unit_test(test_preempted),
		cmocka_unit_test(test_preempted_alone),
		cmocka_unit_test(test_mixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
