/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page types: what makes direct paging safe. A frame is at any time of one type only: none, writable, L1..L4 page table, or descriptor
 * page; page tables and descriptor pages are never mapped writable by a guest. The word holds type, count, pinned, validated.
 * One pure transition function, one cmpxchg loop; flush and validation after the cmpxchg that shuts other users out. Validation is bounded
 * and resumable; a preempted one is owned by a slot of its domain. No linear tables, no recursion.
 */
#ifndef PV_PAGETYPE_H
#define PV_PAGETYPE_H

#include "pv/pv.h"

enum pagetype { PT_NONE, PT_WRITABLE, PT_L1, PT_L2, PT_L3, PT_L4, PT_DESC };

/* Take a type reference, validating the frame first if need be. EINVAL (wrong content, or in use as another type), ERESTART (progress stored). */
must_check int pagetype_get(struct page *p, enum pagetype type, struct domain *d);
void pagetype_put(struct page *p);  /* the last one unvalidates: bounded for L1, by work list for higher levels */
/* Both references at once: page_get and pagetype_get of a frame that d owns. */
must_check int pagetype_page_get(mfn_t m, enum pagetype type, struct domain *d);
void pagetype_page_put(struct page *p);
enum pagetype pagetype_of(const struct page *p);
must_check int pagetype_pin(struct domain *d, mfn_t m, enum pagetype level); /* MMUEXT_PIN_*; ERESTART */
must_check int pagetype_unpin(struct domain *d, mfn_t m);                    /* ERESTART */
/* Drop every type reference of a dying domain's page tables in bounded steps. ERESTART until done. */
int pagetype_relinquish(struct domain *d);

#endif
