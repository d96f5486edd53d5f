/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between two stores to the restart memory whose order matters. The compiler must keep it; what a
 * killed process has stored is seen in program order, so no more is needed. Tests put a header of
 * their own in its place, which ends the process at the n-th of these points.
 */
#ifndef BLKBACK_ORDER_H
#define BLKBACK_ORDER_H

#define journal_order() __asm__ volatile("" ::: "memory")

#endif
