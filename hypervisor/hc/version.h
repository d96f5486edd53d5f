/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version that we report: that of the interface we speak. */
#ifndef HC_VERSION_H
#define HC_VERSION_H

#define VERSION_MAJOR 4
#define VERSION_MINOR 17

#endif
