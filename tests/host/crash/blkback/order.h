/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of blkback/order.h: a process may be killed at each of these points.
 */
#ifndef BLKBACK_ORDER_H
#define BLKBACK_ORDER_H

void crash_point(void);
#define journal_order() crash_point()

#endif
