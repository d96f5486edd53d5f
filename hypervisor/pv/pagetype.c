/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns page->type (pagetype.h has the word) and all that changes it. Every change is one cmpxchg
 * whose new value pt_get or pt_put chose; what must be done for safety (flush, look at 512 entries)
 * comes after the cmpxchg that shut all others out.
 *
 * Invariants (A7): a word's count is the number of live uses: present entries of valid tables,
 * pins, CR3s, descriptor tables, grants. VALIDATED is clear with a count of 1 exactly while one
 * CPU, or one parked walk, owns the frame: nobody else gets in. A present entry of a valid L2..L4
 * holds a page and a type reference of its child, one of an L1 what pte_get_l1 says.
 *
 * L1 tables are checked and dropped in one go (512 entries). Higher ones are walked by the domain's
 * one struct pt_walk: a stack of at most four frames, as levels fall strictly, so no recursion and
 * no cycles. walk->state is FREE, RUNNING (one CPU owns it; others wait, they hold nothing that it
 * needs) or PARKED: preempted, its frames marked PARTIAL, any caller goes on with it. When a parked
 * promotion ends well its references wait in walk->held for the caller to come again; else
 * walk->failed answers it.
 *
 * Who waits for whom: a CPU with the walk waits for L1s only; one that checks an L1 waits for
 * frames being dropped; one that drops waits for nobody. A frame that is being promoted to another
 * type is busy, not waited for: tables that map each other fail.
 */
#include "pv/pagetype.h"
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/pte.h"
#include "core/softirq.h"
#include "lib/check.h"
#include "lib/string.h"

enum { WALK_FREE, WALK_RUNNING, WALK_PARKED };

/* ---- the word ---- */

enum pt_verdict pt_get(u64 word, enum pagetype type, u64 *next)
{
	u64 count = word & PTW_COUNT;
	enum pagetype old = pt_type(word);

	if (count == 0) {
		u64 word_of_type = (u64)type << PTW_TYPE_SHIFT | 1;

		if (type == PT_WRITABLE && (old == PT_WRITABLE || old == PT_NONE)) {
			*next = word_of_type | PTW_VALIDATED | (word & (PTW_FOREIGN | PTW_STAMP));
			return PT_DONE;
		}
		*next = word_of_type | (word & PTW_FOREIGN);
		return PT_CHECK;
	}
	if (word & PTW_DROPPING)
		return PT_WAIT;
	if (old != type)
		return PT_BUSY;
	if (!(word & PTW_VALIDATED))
		return PT_WAIT;
	if (count == PTW_COUNT)
		return PT_FULL;
	*next = word + 1;
	return PT_DONE;
}

static u64 stamp_bits(u32 stamp)
{
	return (u64)stamp << PTW_STAMP_SHIFT & PTW_STAMP;
}

u32 pt_stamp(u64 word, u32 now)
{
	u32 mask = PTW_STAMP >> PTW_STAMP_SHIFT, low = (word & PTW_STAMP) >> PTW_STAMP_SHIFT;

	return now - ((now - low) & mask);
}

enum pt_verdict pt_put(u64 word, u32 stamp, u64 *next)
{
	u64 count = word & PTW_COUNT;

	if (count > 1 || !pt_is_table(pt_type(word))) {
		*next = ((word - 1) & ~PTW_STAMP) | stamp_bits(stamp);
		if (count == 1)
			*next &= ~(PTW_VALIDATED | PTW_PINNED);
		return PT_DONE;
	}
	*next = (word & (PTW_TYPE | PTW_FOREIGN)) | PTW_DROPPING | 1;
	return PT_CHECK;
}

/* The frame is ours and unused: let it go. Who takes it flushes what was cached before. */
static void word_release(struct page *p)
{
	atomic_store_release(
		&p->type, (p->type & (PTW_TYPE | PTW_FOREIGN)) | stamp_bits(tlb_stamp_now()));
}

/*
 * Take one reference of p's word away. True: it was a table's last, p is ours to drop. Every put
 * leaves its stamp in the word, so one that compares against the word that it saw before it read
 * the clock cannot overlook a use which began and ended meanwhile.
 */
static inline bool word_put(struct page *p)
{
	u64 word = READ_ONCE(p->type), next;
	enum pt_verdict verdict;

	do {
		verdict = pt_put(word, tlb_stamp_now(), &next);
	} while (!atomic_cmpxchg(&p->type, &word, next));
	return verdict == PT_CHECK;
}

static void word_validate(struct page *p)
{
	atomic_store_release(&p->type, (p->type & PTW_TYPE) | PTW_VALIDATED | 1);
}

/* We took a frame whose last use was `old`: no CPU may keep a translation of that use. */
static void flush_old_use(u64 old, enum pagetype type, struct domain *d)
{
	if (pt_type(old) == PT_NONE || pt_type(old) == type)
		return;
	tlb_flush_since(!d || (old & PTW_FOREIGN) ? &cpu_online_map : &pv_of(d)->dirty_cpus,
		pt_stamp(old, tlb_stamp_now()));
}

/* Pages of ours that a guest shares are written by us at any time: they can never be what a guest's
 * writes must not change. */
static bool promotable(const struct page *p, enum pagetype type)
{
	return type == PT_WRITABLE || !(READ_ONCE(p->ref) & PAGE_HEAP);
}

/* ---- L1: whole tables at once ---- */

static void l1_drop(const struct page *p, struct domain *d, unsigned entries)
{
	const u64 *table = page_map(p);

	while (entries)
		pte_put_l1(table[--entries], d);
}

static int l1_check(const struct page *p, struct domain *d)
{
	u64 *table = page_map(p);
	int r;

	for (unsigned i = 0; i < PTE_ENTRIES; i++) {
		u64 pte = READ_ONCE(table[i]);

		if (!(pte & PTE_PRESENT))
			continue;
		r = pte_flags_ok(1, pte) ? pte_get_l1(pte, d, d) : fail(EINVAL);
		if (r) {
			l1_drop(p, d, i);
			return r;
		}
		if (pte_adjust(1, pte) != pte)
			atomic_or(&table[i], pte_adjust(1, pte));
	}
	return 0;
}

/* We own p in state CHECK as L1: decide. */
static int l1_finish(struct page *p, struct domain *d)
{
	int r = l1_check(p, d);

	if (r)
		word_release(p);
	else
		word_validate(p);
	return r;
}

/* ---- the walk of L2..L4 ---- */

static void frame_push(struct pt_walk *w, struct page *p, bool drop)
{
	BUG_ON(w->depth >= ARRAY_SIZE(w->frame));
	w->frame[w->depth++] = (struct pt_frame){
		.page = p,
		.next = drop ? PTE_ENTRIES : 0,
		.level = pt_level(pt_type(p->type)),
		.drop = drop,
	};
	if (drop && pt_type(p->type) == PT_L4)
		mmu_evict_l4(page_frame(p));
}

/* What the top frame held is given back: let the page go, and go on in its parent. */
static void frame_dropped(struct pt_walk *w)
{
	struct pt_frame *f = &w->frame[--w->depth];
	struct pt_frame *parent = w->depth ? &w->frame[w->depth - 1] : NULL;

	if (f->level == 4)
		memset((u64 *)page_map(f->page) + HV_FIRST_SLOT, 0, HV_SLOTS * sizeof(u64));
	word_release(f->page);
	if (!parent)
		return;
	page_put(f->page);
	parent->drop = true; /* it was, or its entry just failed */
}

static void frame_drop_some(struct domain *d, struct pt_walk *w, struct pt_frame *f)
{
	u64 *table = page_map(f->page);

	while (f->next) {
		unsigned i = --f->next;
		u64 pte = READ_ONCE(table[i]);
		struct page *child = page_of(pte_mfn(pte));
		bool last;

		if (!(pte & PTE_PRESENT) || pte_is_hv_slot(f->level, i))
			continue;
		last = word_put(child);
		if (last && f->level > 2) {
			frame_push(w, child, true);
			return;
		}
		if (last) {
			l1_drop(child, d, PTE_ENTRIES);
			word_release(child);
		}
		page_put(child);
		if (last)
			return;
	}
	frame_dropped(w);
}

/* How entry_take ends when it does not refuse. */
enum { ENTRY_DONE, ENTRY_PUSHED, ENTRY_CHECKED_L1 };

/* Take the references of one present entry, or push its table, which comes first. Negative:
 * refused. */
static int entry_take(struct domain *d, struct pt_walk *w, const struct pt_frame *f, u64 pte)
{
	enum pagetype type = PT_L1 + f->level - 2;
	mfn_t m = pte_mfn(pte);
	struct page *child;
	u64 word, next;
	int r;

	if (!pte_flags_ok(f->level, pte) || !frame_valid(m) || !page_get(page_of(m), d))
		return fail(EINVAL);
	child = page_of(m);
	for (;;) {
		enum pt_verdict verdict;

		word = READ_ONCE(child->type);
		verdict = pt_get(word, type, &next);
		if (verdict == PT_BUSY || verdict == PT_FULL || !promotable(child, type)) {
			page_put(child);
			return fail(EINVAL);
		}
		if (verdict == PT_WAIT)
			cpu_relax();
		else if (atomic_cmpxchg(&child->type, &word, next)) {
			if (verdict == PT_DONE)
				return ENTRY_DONE;
			break;
		}
	}
	flush_old_use(word, type, d);
	if (type != PT_L1) {
		frame_push(w, child, false);
		return ENTRY_PUSHED;
	}
	r = l1_finish(child, d);
	if (r)
		page_put(child);
	return r ? r : ENTRY_CHECKED_L1;
}

static void entry_taken(struct pt_frame *f)
{
	u64 *table = page_map(f->page);

	atomic_or(&table[f->next++], PTE_USER);
}

static void frame_promoted(struct pt_walk *w, const struct domain *d)
{
	struct pt_frame *f = &w->frame[--w->depth];

	if (f->level == 4)
		mmu_fill_hv_slots(page_map(f->page), d);
	word_validate(f->page);
	if (w->depth)
		entry_taken(&w->frame[w->depth - 1]);
}

/* On to the next table that needs work of its own. */
static void frame_promote_some(struct domain *d, struct pt_walk *w, struct pt_frame *f)
{
	const u64 *table = page_map(f->page);

	while (f->next < PTE_ENTRIES) {
		u64 pte = READ_ONCE(table[f->next]);
		int r;

		if (!(pte & PTE_PRESENT) || pte_is_hv_slot(f->level, f->next)) {
			f->next++;
			continue;
		}
		r = entry_take(d, w, f, pte);
		if (r == ENTRY_PUSHED)
			return;
		if (r < 0) {
			w->result = r;
			f->drop = true;
			return;
		}
		entry_taken(f);
		if (r == ENTRY_CHECKED_L1)
			return;
	}
	frame_promoted(w, d);
}

/* ---- parking ---- */

static void walk_release(struct pt_walk *w)
{
	atomic_store_release(&w->state, WALK_FREE);
}

/* False: the root has no room for one more reference; go on instead. */
static bool walk_park(struct domain *d, struct pt_walk *w)
{
	if (!w->root_ref && !page_get(w->root, d))
		return false;
	w->root_ref = true;
	for (unsigned i = 0; i < w->depth; i++)
		atomic_or(&w->frame[i].page->type, PTW_PARTIAL);
	atomic_store_release(&w->state, WALK_PARKED);
	return true;
}

static void walk_start(struct pt_walk *w, struct page *root, bool promoting, bool root_ref)
{
	w->root = root;
	w->result = 0;
	w->promoting = promoting;
	w->root_ref = root_ref;
	frame_push(w, root, !promoting);
}

/* The stack is empty. What a parked walk leaves goes where its caller finds it; true: the oldest
 * such had to go, and starts a drop. */
static bool walk_settle(struct pt_walk *w)
{
	struct page *oldest;

	if (!w->root_ref)
		return false;
	w->root_ref = false;
	if (!w->promoting || w->result) {
		if (w->promoting)
			w->failed = w->root;
		page_put(w->root);
		return false;
	}
	oldest = atomic_xchg(&w->held[w->held_at], w->root);
	w->held_at = (w->held_at + 1) % ARRAY_SIZE(w->held);
	if (!oldest)
		return false;
	if (word_put(oldest)) {
		walk_start(w, oldest, false, true);
		return true;
	}
	page_put(oldest);
	return false;
}

/* With the walk RUNNING: work until it is done (it stays RUNNING, w->result has the answer) or
 * parked (-ERESTART). */
static int walk_run(struct domain *d, bool may_park)
{
	struct pt_walk *w = &pv_of(d)->walk;

	do {
		while (w->depth) {
			struct pt_frame *f = &w->frame[w->depth - 1];

			if (f->drop)
				frame_drop_some(d, w, f);
			else
				frame_promote_some(d, w, f);
			if (may_park && w->depth && should_yield() && walk_park(d, w))
				return -ERESTART;
		}
	} while (walk_settle(w));
	return 0;
}

/* It was PARKED and is RUNNING now, ours: go on with it. */
static int walk_resume(struct domain *d, bool may_park)
{
	struct pt_walk *w = &pv_of(d)->walk;

	for (unsigned i = 0; i < w->depth; i++)
		atomic_and(&w->frame[i].page->type, ~PTW_PARTIAL);
	return walk_run(d, may_park);
}

/* Make the walk ours, RUNNING, with nothing parked. Only with no frame of our own half done: the
 * walk may wait for that. */
static int walk_take(struct domain *d, bool may_park)
{
	struct pt_walk *w = &pv_of(d)->walk;

	for (;;) {
		u32 state = READ_ONCE(w->state);

		if (state == WALK_RUNNING)
			cpu_relax();
		else if (atomic_cmpxchg(&w->state, &state, WALK_RUNNING))
			return state == WALK_PARKED ? walk_resume(d, may_park) : 0;
	}
}

/*
 * We met a frame that a parked walk is giving back: go on with that walk, if nobody else does
 * already. A walk with such a frame takes nothing any more and so waits for nobody: this is safe
 * while an L1 of ours is half checked.
 */
static int walk_help(struct domain *d)
{
	struct pt_walk *w = &pv_of(d)->walk;
	u32 state = WALK_PARKED;
	int r;

	if (!atomic_cmpxchg(&w->state, &state, WALK_RUNNING))
		return 0;
	r = walk_resume(d, true);
	if (!r)
		walk_release(w);
	return r;
}

int pagetype_begin(struct domain *d)
{
	int r;

	if (likely(READ_ONCE(pv_of(d)->walk.state) == WALK_FREE))
		return 0;
	r = walk_take(d, true);
	if (!r)
		walk_release(&pv_of(d)->walk);
	return r;
}

/* ---- references ---- */

/* p was promoted while parked and its caller is back with a reference of its own: the parked one
 * goes. */
static void held_release(struct page *p, struct pt_walk *w)
{
	for (unsigned i = 0; i < ARRAY_SIZE(w->held); i++) {
		struct page *held = p;

		if (READ_ONCE(w->held[i]) != p || !atomic_cmpxchg(&w->held[i], &held, NULL))
			continue;
		pagetype_put(p);
		page_put(p);
	}
}

/* Promote an unused frame to L2..L4. 1: somebody else changed it meanwhile, look again. */
static int table_promote(struct page *p, enum pagetype type, struct domain *d)
{
	struct pt_walk *w = &pv_of(d)->walk;
	u64 word, next;
	int r = walk_take(d, true);

	if (r)
		return r;
	if (w->failed == p) {
		w->failed = NULL;
		walk_release(w);
		return fail(EINVAL);
	}
	word = READ_ONCE(p->type);
	if (pt_get(word, type, &next) != PT_CHECK || !atomic_cmpxchg(&p->type, &word, next)) {
		walk_release(w);
		return 1;
	}
	flush_old_use(word, type, d);
	walk_start(w, p, true, false);
	r = walk_run(d, true);
	if (r)
		return r;
	r = w->result;
	walk_release(w);
	return r;
}

/* An unused frame becomes `type`, which is not writable or was not before. 1: look again. */
static int word_promote(struct page *p, u64 word, u64 next, enum pagetype type, struct domain *d)
{
	if (!promotable(p, type))
		return fail(EINVAL);
	if (type >= PT_L2 && type <= PT_L4)
		return table_promote(p, type, d);
	if (!atomic_cmpxchg(&p->type, &word, next))
		return 1;
	flush_old_use(word, type, d);
	if (type == PT_L1)
		return l1_finish(p, d);
	if (type == PT_DESC && !desc_check_page(page_map(p))) {
		word_release(p);
		return fail(EINVAL);
	}
	word_validate(p);
	return 0;
}

int pagetype_get(struct page *p, enum pagetype type, struct domain *d)
{
	for (;;) {
		u64 word = READ_ONCE(p->type), next;
		int r = 1;

		switch (pt_get(word, type, &next)) {
		case PT_DONE:
			if (!atomic_cmpxchg(&p->type, &word, next))
				continue;
			if (type >= PT_L2 && type <= PT_L4)
				held_release(p, &pv_of(d)->walk);
			return 0;
		case PT_CHECK: r = word_promote(p, word, next, type, d); break;
		case PT_WAIT:
			cpu_relax(); /* also when it was parked: another CPU may go on with it */
			if ((word & PTW_PARTIAL) && walk_help(d))
				return -ERESTART;
			break;
		case PT_BUSY:
		case PT_FULL: return fail(EINVAL);
		}
		if (r <= 0)
			return r;
	}
}

int pagetype_get_writable(struct page *p, bool foreign)
{
	u64 word = READ_ONCE(p->type), next;
	struct domain *owner;
	int r;

	while (pt_get(word, PT_WRITABLE, &next) == PT_DONE)
		if (atomic_cmpxchg(&p->type, &word, foreign ? next | PTW_FOREIGN : next))
			return 0;
	owner = domain_find(READ_ONCE(p->owner));
	if (!owner)
		return fail(EINVAL);
	r = pagetype_get(p, PT_WRITABLE, owner);
	if (!r && foreign)
		atomic_or(&p->type, PTW_FOREIGN);
	domain_put(owner);
	return r;
}

bool pagetype_get_table(struct page *p, enum pagetype *type)
{
	u64 word = READ_ONCE(p->type), next;

	do {
		*type = pt_type(word);
		if (!pt_is_table(*type) || !(word & PTW_COUNT) ||
			pt_get(word, *type, &next) != PT_DONE)
			return false;
	} while (!atomic_cmpxchg(&p->type, &word, next));
	return true;
}

/* The last reference of an L2..L4 may be this one: it goes with the walk in hand, which somebody
 * else finishes if it takes long. */
static void table_put(struct page *p)
{
	struct domain *d = domain_find(READ_ONCE(p->owner));

	BUG_ON(!d);
	BUG_ON(walk_take(d, false));
	if (word_put(p)) {
		walk_start(&pv_of(d)->walk, p, false, false);
		if (walk_run(d, true)) {
			domain_put(d);
			return;
		}
	}
	walk_release(&pv_of(d)->walk);
	domain_put(d);
}

void pagetype_put(struct page *p)
{
	u64 word = READ_ONCE(p->type), next;
	enum pagetype type = pt_type(word);
	struct domain *d;

	if (type >= PT_L2 && type <= PT_L4) {
		while ((word & PTW_COUNT) > 1)
			if (pt_put(word, tlb_stamp_now(), &next) == PT_DONE &&
				atomic_cmpxchg(&p->type, &word, next))
				return;
		table_put(p);
		return;
	}
	if (!word_put(p))
		return;
	d = domain_find(READ_ONCE(p->owner));
	BUG_ON(!d);
	l1_drop(p, d, PTE_ENTRIES);
	word_release(p);
	domain_put(d);
}

void pagetype_put_writable(struct page *p)
{
	BUG_ON(word_put(p)); /* it was a table's */
}

int pagetype_page_get(mfn_t m, enum pagetype type, struct domain *d)
{
	int r;

	if (!frame_valid(m) || !page_get(page_of(m), d))
		return fail(EINVAL);
	r = pagetype_get(page_of(m), type, d);
	if (r)
		page_put(page_of(m));
	return r;
}

void pagetype_page_put(struct page *p)
{
	pagetype_put(p);
	page_put(p);
}

enum pagetype pagetype_of(const struct page *p)
{
	u64 word = READ_ONCE(p->type);

	return word & PTW_COUNT ? pt_type(word) : PT_NONE;
}

/* ---- pins ---- */

int pagetype_pin(struct domain *d, mfn_t m, enum pagetype level)
{
	int r = pagetype_begin(d);

	if (!r)
		r = pagetype_page_get(m, level, d);
	if (r)
		return r;
	if (atomic_or(&page_of(m)->type, PTW_PINNED) & PTW_PINNED) {
		pagetype_page_put(page_of(m));
		return fail(EINVAL);
	}
	return 0;
}

int pagetype_unpin(struct domain *d, mfn_t m)
{
	int r = pagetype_begin(d);
	struct page *p;

	if (r)
		return r;
	if (!frame_valid(m) || !page_get(page_of(m), d))
		return fail(EINVAL);
	p = page_of(m);
	r = atomic_and(&p->type, ~PTW_PINNED) & PTW_PINNED ? 0 : fail(EINVAL);
	if (!r)
		pagetype_page_put(p);
	page_put(p);
	return r;
}

/* The page after the cursor in the domain's list, as the new cursor, with a reference; NULL at the
 * end. */
static struct page *relinquish_next(struct domain *d)
{
	struct page *at = pv_of(d)->relinquish_at, *next = NULL;
	u32 n;

	spin_lock(&d->page_lock);
	for (n = at ? at->next : d->first_page; n != FRAME_NIL; n = page_of(mfn(n))->next) {
		if (!page_get(page_of(mfn(n)), d))
			continue;
		next = page_of(mfn(n));
		break;
	}
	spin_unlock(&d->page_lock);
	if (at)
		page_put(at);
	pv_of(d)->relinquish_at = next;
	return next;
}

#define PAGES_PER_CHECK 128 /* most of them are no tables: a look at a word */

int pagetype_relinquish(struct domain *d)
{
	struct pt_walk *w = &pv_of(d)->walk;
	struct page *p;
	int r = pagetype_begin(d);

	if (r)
		return r;
	for (unsigned i = 0; i < ARRAY_SIZE(w->held); i++) {
		p = atomic_xchg(&w->held[i], NULL);
		if (p)
			pagetype_page_put(p);
	}
	p = pv_of(d)->relinquish_at ?: relinquish_next(d);
	for (unsigned n = 1; p; n++) {
		if ((READ_ONCE(p->type) & PTW_PINNED) &&
			pagetype_unpin(d, page_frame(p)) == -ERESTART)
			return -ERESTART;
		/* Behind this page before anything else has its turn: every call gets on. */
		p = relinquish_next(d);
		if (p && n % PAGES_PER_CHECK == 0 && should_yield())
			return -ERESTART;
	}
	return pagetype_begin(d);
}
