/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What core/page.c needs of core/frame.c and nobody else: frames on their way from and to the free
 * lists. */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/frame.h"

/* 2^order frames with ref 0, out of d's claim; NULL: no memory. d->page_lock held. */
struct page *frame_alloc_for(struct domain *d, unsigned order, unsigned flags);
/* A frame that nobody refers to any more becomes free; it is scrubbed when it is given out. */
void frame_free_one(struct page *p);
/* Drop the allocation reference of one frame of a dying domain; false: its list is empty. */
bool domain_release_page(struct domain *d);

#endif
