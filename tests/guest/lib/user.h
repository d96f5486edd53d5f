/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PVT_USER_H
#define PVT_USER_H
#endif
