/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page types: what makes direct paging safe. A frame is at any time of one type only: none,
 * writable, L1..L4 page table, or descriptor page; page tables and descriptor pages are never
 * mapped writable by a guest. The word holds type, count, pinned, validated. One pure transition
 * function, one cmpxchg loop; flush and validation after the cmpxchg that shuts other users out.
 * Validation is bounded and resumable; a preempted one is owned by a slot of its domain. No linear
 * tables, no recursion.
 */
#ifndef PV_PAGETYPE_H
#define PV_PAGETYPE_H

#include "pv/pv.h"

enum pagetype { PT_NONE, PT_WRITABLE, PT_L1, PT_L2, PT_L3, PT_L4, PT_DESC };

/* The word in struct page. */
#define PTW_TYPE_SHIFT 60
#define PTW_TYPE       (0xful << PTW_TYPE_SHIFT)
#define PTW_VALIDATED  BIT(59) /* checked and usable; clear with a count: somebody works on it */
#define PTW_DROPPING   BIT(58) /* that somebody gives its contents back */
#define PTW_PARTIAL    BIT(57) /* that somebody is the owner's parked walk */
#define PTW_PINNED     BIT(56) /* one of the counts is MMUEXT_PIN_*'s, with a page reference */
#define PTW_FOREIGN                                                                              \
	BIT(55) /* mapped writable by another domain since it got this type: flush all CPUs, not \
		   only the owner's */
#define PTW_STAMP_SHIFT 28
#define PTW_STAMP \
	(0x7fffffful << PTW_STAMP_SHIFT) /* low bits of tlb_stamp_now() before the last put */
#define PTW_COUNT 0xffffffful

enum pt_verdict {
	PT_DONE,  /* store *next: that is all */
	PT_CHECK, /* store *next: it is ours alone now; flush, look at its contents, then finish */
	PT_WAIT,  /* somebody works on it */
	PT_BUSY,  /* in use as another type */
	PT_FULL,  /* no more references */
};

/* The transitions: pure, exported for the tests. */
enum pt_verdict pt_get(u64 word, enum pagetype type, u64 *next);
enum pt_verdict pt_put(u64 word, u32 stamp, u64 *next); /* stamp: read after word was */
/* The stamp in a word as a full one, or a later one when it is very old. */
u32 pt_stamp(u64 word, u32 now);

static inline enum pagetype pt_type(u64 word)
{
	return word >> PTW_TYPE_SHIFT;
}

static inline bool pt_is_table(enum pagetype type)
{
	return type >= PT_L1 && type <= PT_L4;
}

static inline unsigned pt_level(enum pagetype type)
{
	return type - PT_L1 + 1;
}

/*
 * Take a type reference, validating the frame first if need be. d owns the frame; the caller holds
 * a page reference. EINVAL (wrong content, or in use as another type), ERESTART (progress stored:
 * ask again).
 */
must_check int pagetype_get(struct page *p, enum pagetype type, struct domain *d);
/* The same for PT_WRITABLE whoever owns the frame; foreign: somebody else maps it. */
must_check int pagetype_get_writable(struct page *p, bool foreign);
/* One more reference to a table in use (any level): its type stays while it is edited. False: not a
 * table now. */
must_check bool pagetype_get_table(struct page *p, enum pagetype *type);
/* Give one back. The last one of a table gives its contents back: at once for L1, in bounded steps
 * by the owner's walk for others. */
void pagetype_put(struct page *p);
void pagetype_put_writable(struct page *p); /* one that pagetype_get_writable() took */
/* Both references at once: page_get and pagetype_get of a frame that d owns. */
must_check int pagetype_page_get(mfn_t m, enum pagetype type, struct domain *d);
void pagetype_page_put(struct page *p);
enum pagetype pagetype_of(const struct page *p); /* PT_NONE when nothing uses it */
/*
 * Finish what an earlier call left parked, or wait for another CPU's walk: before a call that may
 * start one, and when a frame is refused whose last use may be in a tree that is still being given
 * back. ERESTART until that is done. The caller has no frame half checked.
 */
must_check int pagetype_begin(struct domain *d);
must_check int pagetype_pin(
	struct domain *d, mfn_t m, enum pagetype level);  /* MMUEXT_PIN_*; ERESTART */
must_check int pagetype_unpin(struct domain *d, mfn_t m); /* ERESTART */
/* Drop every type reference of a dying domain's page tables in bounded steps. ERESTART until done.
 */
int pagetype_relinquish(struct domain *d);

#endif
